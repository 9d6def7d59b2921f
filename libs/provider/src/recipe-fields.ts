import { isSecretField } from './check-placement.ts'
import { fieldsOfUrl } from './check-urls.ts'
import type { AuthPattern, PayloadField, ProviderPayload } from './payload.ts'
import { placementsOf } from './placements.ts'
import type { RecipeField } from './recipe.ts'
import { renewalOf } from './renewal-of.ts'
import { neededFields } from './renewal-templates.ts'
import { leavesOf } from './segments.ts'
import { neededBySign } from './sign/sign-keys.ts'
import { fieldsIn, parseTemplate } from './template.ts'
import { urlMembers } from './url-members.ts'
import { parseUrlTemplate } from './url-template.ts'

/** The inputs of a pattern, in the order in which its author wrote them, `fields` first. */
export function recipeFields(payload: ProviderPayload, index: number): readonly RecipeField[] {
  const pattern = payload.auth_patterns[index]
  if (pattern === undefined) return []
  const inUrl = new Set(urlMembers(payload, index).flatMap(({ text }) => fieldsOfTemplate(text)))
  const shown = shownHeaderFields(pattern)
  const main = new Set([...unfilledFields(pattern), ...neededFields(renewalOf(payload, index))])
  const describe = (field: PayloadField, account: boolean): RecipeField => ({
    name: field.field_name,
    label: field.label ?? field.field_name,
    ...(field.hint === undefined ? {} : { hint: field.hint }),
    inputType: field.input_type ?? 'text',
    required: field.required === true || inUrl.has(field.field_name) || main.has(field.field_name),
    plain: account || inUrl.has(field.field_name) || shown.has(field.field_name),
    account,
  })
  return [
    ...(pattern.fields ?? []).map((field) => describe(field, false)),
    ...(pattern.account_fields ?? []).map((field) => describe(field, true)),
  ]
}

function fieldsOfTemplate(text: string): readonly string[] {
  const reading = parseUrlTemplate(text, { query: true })
  return 'url' in reading ? fieldsOfUrl(reading.url) : []
}

/** Fields that stand in headers declared `secret: false` and nowhere else. */
function shownHeaderFields(pattern: AuthPattern): ReadonlySet<string> {
  const open = new Set<string>()
  const sealed = new Set<string>(['username'])
  for (const header of pattern.headers ?? []) {
    for (const name of fieldsIn(parseTemplate(header.value) ?? [])) (header.secret === false ? open : sealed).add(name)
  }
  return new Set([...open].filter((name) => !sealed.has(name) && !isSecretField(pattern, name)))
}

/** Fields without which the credential itself would be empty, whatever `required` says. */
function unfilledFields(pattern: AuthPattern): ReadonlySet<string> {
  const [own] = placementsOf({ ...pattern, headers: [] })
  const placed = leavesOf(own?.value ?? []).flatMap((s) => ('field' in s && s.default === undefined ? [s.field] : []))
  return new Set([...placed, ...neededBySign(pattern.sign)])
}
