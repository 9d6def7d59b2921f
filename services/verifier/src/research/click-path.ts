import type { ClickPath } from './findings.ts'
import type { ReadablePage } from './readable-page.ts'

/** Words of which at least one stands on the way to a key, in the languages that documentation is mostly written in. */
const KEY_WORDS =
  /api|key|token|credential|developer|integration|security|app(?:s|lication)|schlüssel|entwickler|zugang|clave|clé|chave|desarrollador|développeur|キー|トークン|密钥|令牌/i
const ARROW = /\s*(?:→|›|»|➔|➜|⟶|&gt;|>|▸|->)\s*/
const BUTTON =
  /(?:click|press|choose|select|klick(?:e|en sie)(?: auf)?|haga clic en|cliquez sur|clique em)\s+(?:on\s+)?(?:the\s+)?[“"'‘«*]{0,2}((?:Create|Generate|Add|New|Show|Reveal|Issue|Erstelle\w*|Neue\w*|Crear|Générer|Créer|Criar|Gerar)[^”"'’»*.,;:()]{0,40})/i
const MAX_LABEL = 40

/** Where a person clicks to get a key: chains like `Settings → Developers → API keys`, the button there, and a page of the app. */
export function clickPathsOf(page: ReadablePage, isOwn: (url: string) => boolean): readonly ClickPath[] {
  const paths: ClickPath[] = []
  page.blocks.forEach((block, i) => {
    if (block.kind === 'code' || !ARROW.test(block.text) || block.text.length > 1_500) return
    const labels = chainIn(block.text)
    if (labels === undefined) return
    const near = [block.text, page.blocks[i + 1]?.text ?? '', page.blocks[i + 2]?.text ?? ''].join(' \n ')
    const button = BUTTON.exec(near)?.[1]?.trim()
    const link = page.links.find(({ text, url }) => text !== '' && block.text.includes(text) && isOwn(url) && IN_THE_APP.test(url))
    paths.push({ labels, ...(button === undefined ? {} : { button }), ...(link === undefined ? {} : { page: link.url }) })
  })
  return paths.slice(0, 5)
}

/** `In your account, go to …`: what stands before the first label, in a few languages; the last such word counts. */
const LEAD_IN =
  /.*(?:(?<!\p{L})(?:to|in|into|open|under|via|visit|at|unter|zu|auf|öffnen sie|vaya a|ve a|en|abra|allez dans|dans|ouvrez|acesse|vá em|em)(?!\p{L})|は)\s*(?:(?:the|your|den|die|das|la|el|le)\s+)?(.+)$/isu

/** Pages of the application itself, not of its documentation. */
const IN_THE_APP =
  /^https?:\/\/(?:app|dashboard|console|my|admin|account|portal)\.|\/(?:settings|dashboard|account|console|profile|admin)(?:\/|$)/i

/** The labels around the arrows of a sentence; the words before the first and after the last are cut to what a label can be. */
function chainIn(text: string): readonly string[] | undefined {
  const sentence = text.split(/(?<=[.!?。])\s+/).find((one) => ARROW.test(one))
  const pieces = (sentence ?? '').split(ARROW)
  if (pieces.length < 2 || pieces.length > 7) return undefined
  const labels = pieces.map((piece, i) => {
    if (i === 0) return lastLabel(piece)
    return i === pieces.length - 1 ? firstLabel(piece) : piece.trim()
  })
  const tidy = labels.map((label) => label.replace(/^[“"'‘«*[\s]+|[”"'’»*\].,;:\s]+$/g, ''))
  if (tidy.some((label) => label === '' || label.length > MAX_LABEL || /https?:|[@<>{}=]/.test(label))) return undefined
  return tidy.some((label) => KEY_WORDS.test(label)) ? tidy : undefined
}

/** `In your account, go to Settings` → `Settings`: the capitalised words at the end, or the last few. */
function lastLabel(text: string): string {
  const quoted = /[“"'‘«*]([^“”"'‘’«»*]{1,40})[”"'’»*]\s*$/.exec(text)?.[1]
  if (quoted !== undefined) return quoted
  const after = LEAD_IN.exec(text)?.[1] ?? text
  return after.trim()
}

/** `API keys and click Create` → `API keys`. */
function firstLabel(text: string): string {
  const quoted = /^\s*[“"'‘«*]([^“”"'‘’«»*]{1,40})[”"'’»*]/.exec(text)?.[1]
  if (quoted !== undefined) return quoted
  return (
    text.split(/\s+(?:and|then|to|in order|where|page|und|dann|um|y|et|e|para|pour)\b|\s+[でをにの]|[.,;:()（）。、]/i)[0]?.trim() ?? ''
  )
}
