import type { Link, ReadablePage } from './readable-page.ts'

/** Words of addresses and link texts that lead to how an API is authenticated, the most telling first. */
const LEADING: readonly { readonly pattern: RegExp; readonly score: number }[] = [
  {
    pattern:
      /authenti[ck]|authoriz|authorisation|\/auth(?:$|[/.])|autenti[ck]a|authentif|anmeld(?:en|ung).{0,20}api|認証|认证|鉴权|авторизац|аутентификац|인증|uwierzytelnia/i,
    score: 50,
  },
  {
    pattern:
      /api[-_ ]?(?:key|token|schl|キー)|access[-_ ]?token|personal[-_ ]token|schlüssel|\bclaves?\b|\bclés?\b|\bchaves?\b|密钥|令牌|api[- ](?:ключ|키)|ключ.{0,3} api|chiav[ei] api|klucz.? api/i,
    score: 45,
  },
  { pattern: /oauth|bearer/i, score: 35 },
  { pattern: /openapi|swagger|api[-_/ ]?(?:reference|docs?|documentation|referenz)|rest[-_ ]?api/i, score: 30 },
  {
    pattern:
      /getting[-_ ]?started|quick[-_ ]?start|introduction|erste[-_ ]schritte|primeros[-_ ]pasos|premiers[-_ ]pas|начало работы|시작하기/i,
    score: 22,
  },
  {
    pattern:
      /developers?\b|entwickler|desarrollador|développeur|desenvolvedor|開発者|开发者|разработчик|개발자|sviluppator|programist|ontwikkelaar|geliştirici/i,
    score: 20,
  },
  {
    pattern:
      /\bapi\b|\bdocs?\b|documentation|dokumentation|documentación|documentação|ドキュメント|文档|документац|문서|documentazione|dokumentacja|dokümantasyon/i,
    score: 15,
  },
]

/** What is no documentation, however often it says API: a part of an address of that very name. */
const ELSEWHERE =
  /\/(?:log-?in|sign-?(?:in|up|out)|log-?out|register|pricing|careers|jobs|press|legal|terms|privacy|cookies?|cart|checkout|calendar|events?|changelog|release-notes|community|forum|tag|author)(?:$|[/.?_-])|[?&](?:page|p|date|month|offset)=|\.(?:png|jpe?g|gif|svg|webp|ico|css|js|mjs|zip|gz|tgz|pdf|mp4|woff2?|exe|dmg)(?:$|\?)/i
const ELSEWHERE_HOST = /^(?:status|community|forum|careers|jobs|login|press|events?)\./i
const ASIDE = /blog|news|case-stud|customers|integrations?\b|partners?|tutorials?|webinar/i

/** How much a link promises; 0 and less is not followed. */
export function linkScore({ url, text }: Link): number {
  const { pathname, search, host } = new URL(url)
  const address = decodeSafely(`${pathname}${search}`)
  if (ELSEWHERE.test(address) || ELSEWHERE_HOST.test(host)) return 0
  const words = `${address} ${text}`
  const score = LEADING.reduce((best, { pattern, score }) => Math.max(best, pattern.test(words) ? score : 0), 0)
  const onDocsHost = /^(?:docs?|developers?|api|dev|apidocs|reference|help|support)\./i.test(host) ? 8 : 0
  const aside = ASIDE.test(words) ? 25 : 0
  const depth = Math.max(0, pathname.split('/').length - 4) * 3
  return score + (score > 0 ? onDocsHost : Math.min(onDocsHost, 5)) - aside - depth
}

/** A page that nothing speaks for, and nothing against: read only where nothing else helps, as in a language unknown here. */
export function isPlainLink({ url, text }: Link): boolean {
  const { pathname, search, host } = new URL(url)
  const address = decodeSafely(`${pathname}${search}`)
  return !ELSEWHERE.test(address) && !ELSEWHERE_HOST.test(host) && !ASIDE.test(`${address} ${text}`)
}

/** Beside the documentation: what stands there may be about anything. */
export function isAside(url: string): boolean {
  return ASIDE.test(decodeSafely(new URL(url).pathname))
}

/** A page whose title, address or first heading says that it is about authentication. */
export function isAuthPage(page: Pick<ReadablePage, 'url' | 'title' | 'blocks'>): boolean {
  const first = page.blocks.find(({ kind }) => kind === 'heading')?.text ?? ''
  const words = `${decodeSafely(new URL(page.url).pathname)} ${page.title} ${first}`
  if (ASIDE.test(words)) return false
  return (
    LEADING.slice(0, 3).some(({ pattern }) => pattern.test(words)) ||
    page.blocks.some(({ kind, text }) => kind === 'heading' && LEADING[0]?.pattern.test(text))
  )
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
