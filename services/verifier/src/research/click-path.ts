import type { ClickPath } from './findings.ts'
import type { ReadablePage } from './readable-page.ts'

/** Words of which at least one stands on the way to a key, in the languages that documentation is mostly written in. */
const KEY_WORDS =
  /api|key|token|credential|developer|integration|security|app(?:s|lication)|schlüssel|entwickler|zugang|clave|clé|chave|desarrollador|développeur|キー|トークン|密钥|令牌|ключ|токен|разработчик|chiav|klucz|anahtar|키|토큰/i
const ARROW = /\s*(?:→|›|»|➔|➜|⟶|&gt;|>|▸|->)\s*/
const BUTTON =
  /(?:click|press|choose|select|klick(?:e|en sie)(?: auf)?|нажмите(?: на)?|clicca su|kliknij|点击|haga clic en|cliquez sur|clique em)\s*(?:on\s+)?(?:the\s+)?[“"'‘«*]{0,2}((?:Create|Generate|Add|New|Show|Reveal|Issue|Erstelle\w*|Neue\w*|Crear|Générer|Créer|Criar|Gerar|Создать|Выпустить|创建|生成|Crea|Utwórz)[^”"'’»*.,;:()]{0,40})/i
const MAX_LABEL = 40

/** Where a person clicks to get a key: chains like `Settings → Developers → API keys`, the button there, and a page of the app. */
export function clickPathsOf(page: ReadablePage, isOwn: (url: string) => boolean): readonly ClickPath[] {
  const paths: ClickPath[] = []
  page.blocks.forEach((block, i) => {
    const text = quotedAlike(block.text)
    if (block.kind === 'code' || !ARROW.test(text) || text.length > 1_500) return
    const labels = chainIn(text)
    if (labels === undefined) return
    const near = [text, page.blocks[i + 1]?.text ?? '', page.blocks[i + 2]?.text ?? ''].map(quotedAlike).join(' \n ')
    const button = BUTTON.exec(near)?.[1]?.trim()
    const link = page.links.find(({ text, url }) => text !== '' && block.text.includes(text) && isOwn(url) && IN_THE_APP.test(url))
    paths.push({ labels, ...(button === undefined ? {} : { button }), ...(link === undefined ? {} : { page: link.url }) })
  })
  return paths.slice(0, 5)
}

/** `«Create key»` holds a name, and its end is no arrow. */
function quotedAlike(text: string): string {
  return text.replace(/«\s?([^«»]{1,60}?)\s?»/g, '“$1”')
}

/** `In your account, go to …`: what stands before the first label, in a few languages; the last such word counts. */
const LEAD_IN =
  /.*(?:(?<!\p{L})(?:to|in|into|open|under|via|visit|at|select|click|choose|unter|zu|auf|öffnen sie|vaya a|ve a|en|abra|allez dans|dans|ouvrez|acesse|vá em|em|vai su|wejdź w|进入|откройте|перейдите в|зайдите в|в)(?!\p{L})|は)\s*(?:(?:the|your|den|die|das|la|el|le)\s+)?(.+)$/isu

/** Pages of the application itself, not of its documentation. */
const IN_THE_APP =
  /^https?:\/\/(?:app|dashboard|console|my|admin|account|portal)\.|\/(?:settings|dashboard|account|console|profile|admin)(?:\/|$)/i

/** The labels around the arrows of a sentence; the words before the first and after the last are cut to what a label can be. */
function chainIn(text: string): readonly string[] | undefined {
  const sentence = text.split(/(?<=[.!?。])\s+/).find((one) => ARROW.test(one))
  // A way that leads to an address is not one through the application.
  if (/https?:|www\./i.test(sentence ?? '')) return undefined
  const pieces = (sentence ?? '').split(ARROW)
  if (pieces.length < 2 || pieces.length > 7) return undefined
  const labels = pieces.map((piece, i) => {
    if (i === 0) return lastLabel(piece)
    return i === pieces.length - 1 ? firstLabel(piece) : piece.trim()
  })
  const tidy = labels.map((label) => label.replace(/^[“"'‘«*[\s]+|[”"'’»*\].,;:\s]+$/g, ''))
  if (tidy.some((label) => !isLabel(label))) return undefined
  return tidy.some((label) => KEY_WORDS.test(label)) ? tidy : undefined
}

const MAX_WORDS = 6
/** What no button or menu is called: orders, and ways to reach somebody. */
const NO_LABEL =
  /[@<>{}=\uFFFD]|\w\.\p{L}{2,}|\d[\d ()+-]{5,}|(?<!\p{L})(?:paste|send|e-?mail|call|phone|sms|tell|say|give|share|type|enter|chat|telegram|whatsapp|disable|turn off|deactivate|download|install)(?!\p{L})/iu

/** A name of a menu or a page: short, and nothing that a person would be asked for. */
export function isLabel(label: string): boolean {
  return label !== '' && label.length <= MAX_LABEL && label.split(/\s+/).length <= MAX_WORDS && !NO_LABEL.test(label)
}

/** `In your account, go to Settings` → `Settings`: the capitalised words at the end, or the last few. */
function lastLabel(text: string): string {
  const quoted = /[“"'‘«*「『【]([^“”"'‘’«»*「」『』【】]{1,40})[”"'’»*」』】]\s*$/.exec(text)?.[1]
  if (quoted !== undefined) return quoted
  // `the portal (Developer → …`: the way stands in the bracket.
  const bracket = /[(（]([^()（）]{1,40})$/.exec(text)?.[1]
  if (bracket !== undefined) return bracket
  const after = LEAD_IN.exec(text)?.[1] ?? text
  return after.trim()
}

/** `API keys and click Create` → `API keys`. */
function firstLabel(text: string): string {
  const quoted = /^\s*[“"'‘«*「『【]([^“”"'‘’«»*「」『』【】]{1,40})[”"'’»*」』】]/.exec(text)?.[1]
  if (quoted !== undefined) return quoted
  return (
    text
      .split(
        /\s+(?:and|then|to|in|tab|from|where|page|und|dann|um|y|et|e|i|para|pour|и|чтобы|에서|에|를|을)(?!\p{L})|\s+[でをにの]|(?<=[”"'’»*」』】])[でをにの]|[.,;:()（）。、，；„“]/iu,
      )[0]
      ?.trim() ?? ''
  )
}
