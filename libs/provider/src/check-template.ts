import type { Report } from './draft.ts'
import { nearest } from './nearest.ts'
import { fieldsIn, type Part, parseLooseTemplate, parseTemplate } from './template.ts'

/** What a template of an exchange may name. */
export interface KnownNames {
  /** Fields, the assertion, and results that are there on every way. */
  readonly there: readonly string[]
  /** Results that some way leaves out, or that come later. */
  readonly elsewhere: readonly string[]
}

/** Reports names that nothing fills, each with the nearest that something does. `loose`: braces have a meaning of their own. */
export function checkTemplate(text: string, pointer: string, how: { known: KnownNames; report: Report; loose?: boolean }): void {
  const parts = how.loose === true ? parseLooseTemplate(text) : parseTemplate(text)
  if (parts === undefined) {
    const detail = how.loose === true ? 'Write a field as `{{name}}`.' : 'Write a field as `{{name}}`; single braces have no place here.'
    how.report({ pointer, code: 'INVALID_VALUE', detail })
    return
  }
  checkNames(parts, pointer, how)
}

export function checkNames(parts: readonly Part[], pointer: string, { known, report }: { known: KnownNames; report: Report }): void {
  for (const name of fieldsIn(parts)) {
    if (known.there.includes(name)) continue
    if (known.elsewhere.includes(name)) {
      const detail = `Take \`${name}\` from an answer that comes before this on every way; it is not always there.`
      report({ pointer, code: 'UNDECLARED_FIELD', detail })
      continue
    }
    const near = nearest(name, known.there)
    const instead =
      near === undefined ? `Declare the field \`${name}\` in \`fields\`` : `Write \`{{${near}}}\`, or declare the field \`${name}\``
    report({ pointer, code: 'UNDECLARED_FIELD', detail: `${instead}; nothing fills it now.` })
  }
}
