import type { RecipeStep, Renewal } from './renewal.ts'

/** One line for each call of an exchange, for a person who looks at a payload before it is saved. */
export function describeRenewal(renewal: Renewal): readonly string[] {
  if (renewal.kind === 'steps') return renewal.steps.map(describeStep)
  const { kind, tokenUri, scopes, clientAuth, assertion } = renewal
  const details = [
    `client: ${clientAuth}`,
    ...(assertion === undefined ? [] : [`signed: ${assertion.alg}`]),
    ...(scopes.length === 0 ? [] : [`scopes: ${scopes.join(' ')}`]),
  ]
  return [`${kind}: POST ${tokenUri} (${details.join(', ')})`]
}

function describeStep({ name, method, url, on, extract, expiresIn, expiresAt }: RecipeStep): string {
  const taken = extract.map((one) => `${one.name} from ${one.from}`)
  const otherwise = on.map(({ status, does, to }) => `${status}: ${does === 'forward' ? `to ${to}` : does}`)
  const ends = expiresIn === undefined ? expiresAt : typeof expiresIn === 'number' ? `${expiresIn} s` : expiresIn
  const parts = [
    ...(taken.length === 0 ? [] : [`takes ${taken.join(', ')}`]),
    ...(ends === undefined ? [] : [`ends ${ends}`]),
    ...otherwise,
  ]
  return `${name}: ${method} ${url}${parts.length === 0 ? '' : ` (${parts.join('; ')})`}`
}
