/** What customers are asked for, and the one form in which an answer and a record are compared. */
export { FACT_KINDS, type FactKind, kindOfFact } from './fact-kind.ts'
export { normalForm, spokenForm } from './normal-form.ts'
