import type { Block, ReadablePage } from './readable-page.ts'

/** What is said of a sample just before it, when it is the way not to do it. */
const WITHDRAWN =
  /deprecat|no longer (?:supported|accepted|works?)|(?:do not|don['’]t|never) (?:do|use|send|put|pass|place|include)|^\W{0,3}(?:wrong|bad)\b|legacy|obsolete|sunset|will be removed|was removed|insecure|veraltet|nicht mehr|obsolet|obsolèt|en desuso|non più|устарел|больше не/im

/** What is said at the head of a page about the whole of it. */
const WITHDRAWN_PAGE =
  /deprecated|legacy|obsolete|sunset|(?:was|were|been|is) (?:shut ?down|retired|discontinued|turned off|removed|withdrawn)|end[- ]of[- ]life|no longer (?:supported|available|maintained)|veraltet|abgeschaltet|obsolèt|en desuso|dismess|устарел/i
const OF_THE_WHOLE = /\b(?:this|these|version|v\d+|page|old)\b|diese|version|cette|esta|questa|эта/i
const MAX_NOTICE = 240

/** The token of these is given to the person, not fetched by a grant. */
const OWN_TOKEN = /personal|private app|static|long-?lived|(?:api|developer|service)[- _](?:token|key)/i

export interface SampleInPlace {
  readonly text: string
  /** The text before it, or its heading, says that it is the way not to do it. */
  readonly withdrawn: boolean
  /** It shows a token that a person is given. */
  readonly ofOwnToken: boolean
}

/** Samples, and lines of prose that quote one; each with what the text before it says of it. */
export function samplesOf(blocks: readonly Block[]): readonly SampleInPlace[] {
  let before = ''
  let heading = ''
  return blocks.flatMap((block) => {
    if (block.kind === 'heading') heading = block.text
    const around = `${heading}\n${before}`
    const withdrawn = WITHDRAWN.test(around) || /webhook/i.test(heading) || (block.kind !== 'code' && WITHDRAWN.test(block.text))
    before = block.kind === 'code' ? '' : block.text
    const isSample = block.kind === 'code' || /authorization:|https?:\/\/|-H |^[\w-]+-(?:key|token):/i.test(block.text)
    return isSample && block.kind !== 'heading' ? [{ text: block.text, withdrawn, ofOwnToken: OWN_TOKEN.test(around) }] : []
  })
}

/** Its title, its heading or a notice below that says that all of it is past. */
export function isWithdrawnPage({ title, blocks }: Pick<ReadablePage, 'title' | 'blocks'>): boolean {
  const at = blocks.findIndex(({ kind }) => kind === 'heading')
  if (WITHDRAWN_PAGE.test(`${title}\n${blocks[at]?.text ?? ''}`)) return true
  const rest = blocks.slice(at + 1)
  const end = rest.findIndex(({ kind }) => kind !== 'text')
  const notices = rest.slice(0, end < 0 ? rest.length : end).filter(({ text }) => text.length <= MAX_NOTICE)
  return notices.slice(0, 3).some(({ text }) => WITHDRAWN_PAGE.test(text) && OF_THE_WHOLE.test(text))
}

/** What the API sends to others is signed by it, and no way to call it. */
export function tellsOfWebhooks({ url, title, blocks }: Pick<ReadablePage, 'url' | 'title' | 'blocks'>): boolean {
  const first = blocks.find(({ kind }) => kind === 'heading')?.text ?? ''
  return /web-?hooks?\b/i.test(`${new URL(url).pathname} ${first}`) || /^\W*web-?hooks?\b/i.test(title)
}
