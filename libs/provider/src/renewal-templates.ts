import type { Recipe } from './recipe.ts'
import type { RecipeStep, Renewal } from './renewal.ts'
import { fieldsIn, parseLooseTemplate } from './template.ts'

/** The names of all fields and results that a renewal puts anywhere but into a URL. */
export function fieldsOfRenewal(renewal: Renewal): ReadonlySet<string> {
  const { assertion } = renewal
  const signed =
    assertion === undefined
      ? []
      : [
          assertion.key,
          assertion.keyId,
          assertion.issuer,
          assertion.subject,
          assertion.audience,
          ...assertion.claims.map(({ value }) => value),
        ]
  const sent =
    renewal.kind === 'steps'
      ? renewal.steps.flatMap(textsOf)
      : [renewal.clientId, renewal.clientSecret, ...renewal.parameters.map(({ value }) => value)]
  return new Set([...signed, ...sent].flatMap((text) => (typeof text === 'string' ? fieldsIn(parseLooseTemplate(text) ?? []) : [])))
}

/** Fields without which a token request would be none. What steps need, their author says with `required`. */
export function neededFields(renewal: Renewal | undefined): ReadonlySet<string> {
  const signed = renewal?.assertion?.key
  const token = renewal === undefined || renewal.kind === 'steps' ? undefined : renewal
  const subject = token?.parameters.find(({ name }) => name === 'subject_token')?.value
  return new Set([signed, token?.clientId, token?.clientSecret, subject].flatMap((text) => fieldsIn(parseLooseTemplate(text ?? '') ?? [])))
}

/** The fields that only sign: their values are keys in PEM, which are written on many lines. */
export function keyFields(recipe: Recipe): ReadonlySet<string> {
  const { assertion } = recipe.renewal ?? {}
  return new Set(assertion === undefined ? [] : fieldsIn(parseLooseTemplate(assertion.key) ?? []))
}

function textsOf({ headers, query, body }: RecipeStep): readonly string[] {
  const named = [...headers, ...query, ...(body?.kind === 'form' ? body.values : [])].map(({ value }) => value)
  if (body === undefined || body.kind === 'form') return named
  return [...named, ...(body.kind === 'text' ? [body.value] : textsIn(body.value))]
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
