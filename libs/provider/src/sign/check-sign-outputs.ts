import { declaredFields, obtainedNames } from '../declared-fields.ts'
import type { Draft, Report } from '../draft.ts'
import { headerProblem } from '../header-name.ts'
import type { AuthPattern } from '../payload.ts'
import { checkSignTemplate, type Places } from './check-sign-template.ts'
import type { PayloadSignOutput } from './payload-sign.ts'
import { readSignTemplate } from './sign-template.ts'

/** What the checks of one signature look at. */
export interface SignScene {
  readonly pattern: Draft<AuthPattern>
  /** Pointer to `sign`, then to the kind. */
  readonly at: string
  readonly fieldsKnown: boolean
  readonly report: Report
}

/** A template of the payload, where there is one. */
export function checkTemplate(
  { pattern, at, fieldsKnown, report }: SignScene,
  member: string,
  text: string | undefined,
  places: Places,
): void {
  if (text === undefined) return
  const pointer = member === '' ? at : `${at}/${member}`
  checkSignTemplate({
    text,
    pointer,
    known: fieldsKnown ? [...declaredFields(pattern), ...(pattern.type === 'CUSTOM' ? obtainedNames(pattern) : [])] : undefined,
    places,
    report,
  })
}

export function takes(text: string | undefined, name: string): boolean {
  return readSignTemplate(text ?? '')?.some((part) => 'name' in part && part.name === name) ?? false
}

export function checkOutputs(scene: SignScene, outputs: Draft<readonly PayloadSignOutput[]> | undefined, places: Places): void {
  const seen = new Set<string>()
  outputs?.forEach((output, i) => {
    const at = `${scene.at}/headers/${i}`
    checkTemplate({ ...scene, at }, 'value', output?.value, places)
    if (output?.name === undefined) return
    const sentence = headerProblem(output.name)
    if (sentence !== undefined) scene.report({ pointer: `${at}/name`, code: 'RESERVED_NAME', detail: sentence })
    if (seen.has(output.name.toLowerCase())) {
      scene.report({ pointer: `${at}/name`, code: 'DUPLICATE', detail: 'Write each header once; names do not differ by case.' })
    }
    seen.add(output.name.toLowerCase())
    checkFree(scene, `${at}/name`, output.name)
  })
}

export function checkParameters(scene: SignScene, outputs: Draft<readonly PayloadSignOutput[]> | undefined, places: Places): void {
  const seen = new Set<string>(scene.pattern.auth_query_key === undefined ? [] : [scene.pattern.auth_query_key])
  outputs?.forEach((output, i) => {
    const at = `${scene.at}/query/${i}`
    checkTemplate({ ...scene, at }, 'value', output?.value, places)
    if (output?.name === undefined) return
    if (seen.has(output.name)) scene.report({ pointer: `${at}/name`, code: 'DUPLICATE', detail: 'Write each parameter once.' })
    seen.add(output.name)
  })
}

/** Two writers of one header: one of them would be lost without a word. */
export function checkFree({ pattern, report }: SignScene, pointer: string, header: string): void {
  const own = (pattern.auth_header_key_override ?? 'Authorization').toLowerCase()
  const elsewhere = pattern.auth_query_key !== undefined || pattern.auth_cookie_key !== undefined
  const byType = !elsewhere && ['API_KEY', 'BEARER', 'BASIC'].includes(pattern.type ?? '') && own === header.toLowerCase()
  const byHeaders = pattern.headers?.some((given) => given?.name?.toLowerCase() === header.toLowerCase()) ?? false
  if (!byType && !byHeaders) return
  const writer = byHeaders ? '`headers` writes' : `the type ${pattern.type} writes`
  report({ pointer, code: 'DUPLICATE', detail: `Let the signature write another header than \`${header}\`: ${writer} this one.` })
}
