/** How access tokens are obtained from what is sealed: what the vault carries out. */
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
export { keyFields } from './renewal-templates.ts'
export { ASSERTION, END } from './step-flow.ts'
export { type Part, parseLooseTemplate } from './template.ts'
