import type { FactKind } from './fact-kind.ts'
import { normalForm } from './normal-form.ts'
import { phoneAnswerForms, phoneRecordForms } from './phone-forms.ts'

/** Forms of which one must be among those of a record for the answer to be right; none for what is none of its kind. */
export function answerForms(kind: FactKind, text: string): readonly string[] {
  return forms(kind, text, phoneAnswerForms)
}

/** Forms under which a record is kept and found, its normal form first; none for what is none of its kind. */
export function recordForms(kind: FactKind, text: string): readonly string[] {
  return forms(kind, text, phoneRecordForms)
}

function forms(kind: FactKind, text: string, ofPhone: (form: string) => readonly string[]): readonly string[] {
  const form = normalForm(kind, text)
  if (form === '') return []
  return kind === 'phone' ? ofPhone(form) : [form]
}
