/** How access tokens are obtained from what is sealed: what the vault carries out, and what tells such patterns from a sign-in. */
export type {
  Extraction,
  NamedTemplate,
  RecipeAssertion,
  RecipeStep,
  Renewal,
  StepAction,
  StepBody,
  StepsRenewal,
  TokenAnswerShape,
  TokenRenewal,
} from './renewal.ts'
export { resultNames } from './renewal.ts'
export { signsIn } from './renewal-of.ts'
export { keyFields } from './renewal-templates.ts'
export { ASSERTION, END } from './step-flow.ts'
export { type Part, parseLooseTemplate } from './template.ts'
