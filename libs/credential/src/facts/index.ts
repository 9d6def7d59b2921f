/** What customers are asked for, and the forms in which an answer and a record are compared. */

export { answerForms, recordForms } from './compared-forms.ts'
export { FACT_KINDS, type FactKind, kindOfFact } from './fact-kind.ts'
export { normalForm, spokenForm } from './normal-form.ts'
