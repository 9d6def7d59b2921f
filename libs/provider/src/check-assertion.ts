import { checkTemplate, type KnownNames } from './check-template.ts'
import type { Draft, Report } from './draft.ts'
import type { PayloadAssertion } from './payload-renewal.ts'
import { pointerTo } from './pointer.ts'
import { fieldsIn, parseTemplate } from './template.ts'

/** Claims that the vault writes itself at each signing. */
const OWN_CLAIMS: readonly string[] = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti']

/** What the schema cannot say of an assertion: its key is a field, its names exist, and times stay the vault's. */
export function checkAssertion(assertion: Draft<PayloadAssertion>, at: string, how: { known: KnownNames; report: Report }): void {
  const { report } = how
  const members = { key: assertion.key ?? '{{private_key}}', ...assertion }
  for (const name of ['key', 'key_id', 'issuer', 'subject', 'audience'] as const) {
    const text = members[name]
    if (typeof text === 'string') checkTemplate(text, `${at}/${name}`, how)
  }
  checkSecret(assertion.key, `${at}/key`, report)
  for (const [name, value] of Object.entries(assertion.claims ?? {})) {
    const pointer = pointerTo(`${at}/claims`, name)
    if (OWN_CLAIMS.includes(name)) {
      report({
        pointer,
        code: 'RESERVED_NAME',
        detail: 'Remove it; `issuer`, `subject` and `audience` say it, and times are the platform’s.',
      })
    }
    if (typeof value === 'string') checkTemplate(value, pointer, { ...how, loose: true })
  }
}

/** A secret that stands in a payload can be read by everybody who reads the payload. */
export function checkSecret(text: string | undefined, pointer: string, report: Report): void {
  if (text === undefined || fieldsIn(parseTemplate(text) ?? []).length > 0) return
  report({ pointer, code: 'SECRET_SHOWN', detail: 'Take the value from a field; what is written in a payload is readable.' })
}
