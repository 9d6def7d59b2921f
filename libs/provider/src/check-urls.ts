import { declaredFields } from './declared-fields.ts'
import type { Broken, Draft, Report } from './draft.ts'
import { nearest } from './nearest.ts'
import type { ProviderPayload } from './payload.ts'
import { signsIn } from './signs-in.ts'
import { fieldsIn, type Part } from './template.ts'
import { type UrlMember, urlMembers } from './url-members.ts'
import { parseUrlTemplate, type UrlTemplate } from './url-template.ts'

/** Callers append paths to these, so they have no query. */
const WITHOUT_QUERY: readonly UrlMember['purpose'][] = ['proxy', 'extra', 'revoke']

/** Every URL is well formed, every field in one is declared, and where a person signs in no field chooses the site. */
export function checkUrls(payload: Draft<ProviderPayload>, report: Report, broken: Broken): void {
  const patterns = payload.auth_patterns ?? []
  const members = (patterns.length === 0 ? [0] : [...patterns.keys()]).map((index) => urlMembers(payload, index))
  const readings = new Map<string, UrlTemplate>()
  const inSteps = new Set(members.flat().flatMap(({ pointer, purpose }) => (purpose === 'step' ? [pointer] : [])))
  for (const member of members.flat()) {
    if (readings.has(member.pointer)) continue
    const reading = parseUrlTemplate(member.text, { query: !WITHOUT_QUERY.includes(member.purpose) })
    if ('url' in reading) readings.set(member.pointer, reading.url)
    else for (const detail of reading.problems) report({ pointer: member.pointer, code: 'INVALID_URL', detail })
  }
  for (const [pointer, url] of readings) {
    const users = patterns.flatMap((pattern, i) => (pattern !== undefined && members[i]?.some((m) => m.pointer === pointer) ? [i] : []))
    // What a step may name depends on the steps before it.
    if (inSteps.has(pointer)) continue
    checkDeclared({ pointer, url, users, payload }, report, broken)
    if (users.some((i) => signsIn(patterns[i]))) checkHostBinding(pointer, url.host, report)
  }
  checkLiteral('/docs', payload.docs, report)
  patterns.forEach((pattern, i) => {
    checkLiteral(`/auth_patterns/${i}/oauth_config/issuer`, pattern?.oauth_config?.issuer, report)
  })
}

/** All fields of a URL template, from every place in it. */
export function fieldsOfUrl(url: UrlTemplate): readonly string[] {
  return fieldsIn([...url.host, ...url.segments.flat(), ...(url.query ?? [])])
}

interface Use {
  readonly pointer: string
  readonly url: UrlTemplate
  /** Indexes of the patterns that use this URL. */
  readonly users: readonly number[]
  readonly payload: Draft<ProviderPayload>
}

function checkDeclared({ pointer, url, users, payload }: Use, report: Report, broken: Broken): void {
  const readable = users.filter((i) => !broken(`/auth_patterns/${i}/fields`) && !broken(`/auth_patterns/${i}/account_fields`))
  for (const name of fieldsOfUrl(url)) {
    const lacking = readable.filter((i) => !declaredFields(payload.auth_patterns?.[i]).includes(name))
    if (lacking.length === 0) continue
    if (lacking.length === users.length) {
      const known = users.flatMap((i) => declaredFields(payload.auth_patterns?.[i]))
      const near = nearest(name, known)
      const instead =
        near === undefined ? `Declare the field \`${name}\` in \`fields\`` : `Write \`{{${near}}}\`, or declare the field \`${name}\``
      report({ pointer, code: 'UNDECLARED_FIELD', detail: `${instead}; nothing fills it now.` })
      continue
    }
    for (const i of lacking) {
      const detail = `Add the field \`${name}\` to this pattern; a URL of the provider needs it.`
      report({ pointer: `/auth_patterns/${i}/fields`, code: 'UNDECLARED_FIELD', detail })
    }
  }
}

/**
 * Whoever connects chooses the values. A value that chose the site would receive the project's client secret or a
 * grant of its client, so it may only fill a label below two literal ones.
 */
function checkHostBinding(pointer: string, host: readonly Part[], report: Report): void {
  const last = host.findLastIndex((part) => 'field' in part)
  if (last < 0) return
  const after = host[last + 1]
  const suffix = after !== undefined && 'literal' in after ? after.literal.split('.').slice(1) : []
  if (suffix.length >= 2) return
  const detail = 'Let the field fill one part of the host below at least two literal ones, like `https://{{shop}}.example.com`.'
  report({ pointer, code: 'HOST_NOT_BOUND', detail })
}

function checkLiteral(pointer: string, text: string | undefined, report: Report): void {
  if (text === undefined) return
  const reading = parseUrlTemplate(text, { query: pointer === '/docs' })
  const problems = 'url' in reading ? fieldsOfUrl(reading.url).map(() => 'Write it without fields.') : reading.problems
  for (const detail of problems) report({ pointer, code: 'INVALID_URL', detail })
}
