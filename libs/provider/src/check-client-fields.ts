import { isSecretField } from './check-placement.ts'
import type { Draft, Report } from './draft.ts'
import type { AuthPattern } from './payload.ts'
import { pointerTo } from './pointer.ts'
import { fieldsIn, parseTemplate } from './template.ts'

/** A parameter of the sign-in address that takes a value of the client: it is in everybody's browser, so no secret is one. */
export function checkClientFields(pattern: Draft<AuthPattern>, at: string, report: Report): void {
  const names = (pattern.client_fields ?? []).flatMap((field) => field?.field_name ?? [])
  pattern.client_fields?.forEach((field, i) => {
    if (field?.input_type !== 'password' && !isSecretField({}, field?.field_name ?? '')) return
    const detail = 'Take the secret out; values of `client_fields` stand in the address of the sign-in page.'
    report({ pointer: `${at}/client_fields/${i}/field_name`, code: 'SECRET_SHOWN', detail })
  })
  for (const [name, value] of Object.entries(pattern.oauth_config?.authorize_params ?? {})) {
    const parts = value === undefined || names.length === 0 ? undefined : parseTemplate(value)
    if (parts === undefined || fieldsIn(parts).every((field) => names.includes(field))) continue
    const pointer = pointerTo(`${at}/oauth_config/authorize_params`, name)
    report({ pointer, code: 'UNDECLARED_FIELD', detail: 'Declare the field in `client_fields`; nothing fills it now.' })
  }
}
