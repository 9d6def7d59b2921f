import { printable } from '../terminal.ts'
import { renderFacts } from './table.ts'

/** The review as the platform and `reviewProvider` write it; members that a newer platform adds are passed over. */
type Review = Readonly<Record<string, unknown>>

/** What saving a payload means, for people: names, patterns with what they ask and send, warnings, differences, moves. */
export function renderReview(reviewed: object): string {
  const review = reviewed as Review
  const patterns = listOf(review.patterns)
  const blocks = [
    renderFacts([
      ['name', text(review.displayName)],
      ['description', text(review.description)],
      ['documentation', text(review.docs)],
      ['proxy calls', review.proxyEnabled === false ? 'refused' : 'allowed'],
    ]),
    ...patterns.map((pattern, i) => renderPattern(pattern, i)),
    section(
      'Warnings',
      listOf(review.warnings).map((it) => `${text(it.pointer)}  ${text(it.code)}  ${text(it.detail)}`),
    ),
    section('Changes', listOf(review.changes).map(renderChange)),
    section('Live credentials', renderMoves(review)),
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

function renderPattern(pattern: Review, index: number): string {
  const oauth = (pattern.oauth ?? {}) as Review
  const scopes = listOf(oauth.availableScopes).map((it) => `${text(it.scope)}${it.required === true ? ' (required)' : ''}`)
  const facts = renderFacts([
    ['  description', text(pattern.description)],
    ['  level', text(pattern.level)],
    ['  asks for', fieldsOf(pattern.fields)],
    ['  account', fieldsOf(pattern.accountFields)],
    ['  sends', Array.isArray(pattern.sends) ? pattern.sends.join(', ') : undefined],
    ['  calls', text(pattern.proxyUrl)],
    ['  for example', text(pattern.proxyUrlExample)],
    ...linesOf(pattern.obtains).map((line, i): [string, string] => [i === 0 ? '  obtains' : '', line]),
    ['  authorize', text(oauth.authorizeUri)],
    ['  device', text(oauth.deviceUri)],
    ['  token', text(oauth.tokenUri)],
    ['  user info', text(oauth.userInfoUri)],
    ['  scopes', scopes.join(', ')],
    ['  refresh', text(oauth.refreshClass)],
    ['  verify', text(pattern.verify)],
  ])
  const name = text(pattern.displayName)
  return `Pattern ${index}: ${text(pattern.type)}${name === undefined ? '' : ` – ${printable(name)}`}\n${facts}`
}

function linesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap((line) => text(line) ?? []) : []
}

/** `Domain (domain, required), API key (username, required, sealed)` */
function fieldsOf(value: unknown): string {
  return listOf(value)
    .map((it) => {
      const marks = [text(it.name), ...(it.required === true ? ['required'] : []), ...(it.plain === true ? [] : ['sealed'])]
      return `${text(it.label)} (${marks.join(', ')})`
    })
    .join(', ')
}

const SIGNS: Readonly<Record<string, string>> = { added: '+', removed: '-', changed: '~' }

function renderChange(change: Review): string {
  const sign = SIGNS[text(change.change) ?? ''] ?? '~'
  const sides = [text(change.before), text(change.after)].filter((side) => side !== undefined)
  return `${sign} ${text(change.pointer)}  ${sides.join(' → ')}`
}

const STAYS: Readonly<Record<string, string>> = {
  host_changed: 'stay on their version until reconnected: the host changes',
  pattern_removed: 'stay on their version until reconnected: the pattern is gone',
  field_added: 'stay on their version until reconnected: a field is new',
}

function renderMoves(review: Review): string[] {
  const live = typeof review.live === 'number' ? [`${review.live} in all`] : []
  const moves = listOf(review.moves).map((move) => `of pattern ${move.pattern}: ${fateOf(move)}`)
  return [...live, ...moves]
}

function fateOf(move: Review): string {
  const stays = text(move.stays)
  if (stays !== undefined) return STAYS[stays] ?? `stay on their version until reconnected (${stays})`
  return move.to === move.pattern ? 'follow at once' : `follow at once, to pattern ${move.to}`
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${title}\n${lines.map((line) => `  ${printable(line)}`).join('\n')}`
}

function listOf(value: unknown): readonly Review[] {
  return Array.isArray(value) ? value.filter((item): item is Review => typeof item === 'object' && item !== null) : []
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
