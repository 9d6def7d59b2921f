import type { Report } from '../draft.ts'
import { nearest } from '../nearest.ts'
import { PART_FORMS, PART_NAMES, type PartName, readSignTemplate } from './sign-template.ts'

/** What may stand in a template beside fields, and whether it must be made of a field. */
export interface Places {
  readonly parts: readonly PartName[]
  /** It is a key: what is written in a payload is readable. */
  readonly isSecret?: boolean
}

interface Checked {
  readonly text: string
  readonly pointer: string
  /** The declared fields; undefined when they could not be read. */
  readonly known: readonly string[] | undefined
  readonly places: Places
  readonly report: Report
}

/** Every place of a template is a field or a part that can be there. */
export function checkSignTemplate(checked: Checked): void {
  const { text, pointer, places, report } = checked
  const parts = readSignTemplate(text)
  if (parts === undefined) {
    const detail = 'Write a field as `{{name}}` and a part of the request as `{{@name}}`; no other double braces have a place here.'
    report({ pointer, code: 'INVALID_VALUE', detail })
    return
  }
  const written = parts.flatMap((part) => ('name' in part ? [part] : []))
  for (const { name, of } of new Map(written.map((part) => [`${part.name}:${part.of}`, part])).values()) {
    if (name.startsWith('@')) checkPart(checked, name, of)
    else checkField(checked, name, of)
  }
  if (places.isSecret && !written.some(({ name }) => !name.startsWith('@'))) {
    report({
      pointer,
      code: 'SECRET_SHOWN',
      detail: 'Take it from a field, like `{{secret_key}}`; what is written in a payload is readable.',
    })
  }
}

function checkField({ known, pointer, report }: Checked, name: string, of: string | undefined): void {
  if (of !== undefined) report({ pointer, code: 'INVALID_VALUE', detail: `Write \`{{${name}}}\`; a field has one form.` })
  if (known === undefined || known.includes(name)) return
  const near = nearest(name, known)
  const part = PART_NAMES.find((candidate) => candidate === name)
  const meant = part === undefined ? near : `@${part}`
  const instead =
    meant === undefined ? `Declare the field \`${name}\` in \`fields\`` : `Write \`{{${meant}}}\`, or declare the field \`${name}\``
  report({ pointer, code: 'UNDECLARED_FIELD', detail: `${instead}; nothing fills it now.` })
}

function checkPart({ pointer, places, report }: Checked, name: string, of: string | undefined): void {
  const part = places.parts.find((candidate) => `@${candidate}` === name)
  if (part === undefined) {
    const near = nearest(name.slice(1), places.parts)
    const all = places.parts.map((candidate) => `\`{{@${candidate}}}\``).join(', ')
    const allowed = all === '' ? 'Write fields only, like `{{name}}`.' : `Write one of ${all}.`
    report({ pointer, code: 'NOT_ALLOWED', detail: near === undefined ? allowed : `Write \`{{@${near}}}\`; allowed are ${all}.` })
    return
  }
  const forms = PART_FORMS[part]
  if (part === 'header') {
    if (of === undefined) report({ pointer, code: 'INVALID_VALUE', detail: 'Write the name of the header, like `{{@header:date}}`.' })
  } else if (of !== undefined && !forms?.includes(of)) {
    const write = forms === undefined ? `\`{{@${part}}}\`` : `one of ${forms.map((form) => `\`{{@${part}:${form}}}\``).join(', ')}`
    report({ pointer, code: 'NOT_ALLOWED', detail: `Write ${write}.` })
  }
}
