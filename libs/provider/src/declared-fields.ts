import type { Draft } from './draft.ts'
import type { AuthPattern } from './payload.ts'
import { hasOAuth } from './signs-in.ts'

/** The names of all inputs of a pattern. */
export function declaredFields(pattern: Draft<AuthPattern> | undefined): readonly string[] {
  return [...(pattern?.fields ?? []), ...(pattern?.account_fields ?? [])].flatMap((field) => field?.field_name ?? [])
}

/** The names that an exchange of this pattern adds to its fields. */
export function obtainedNames(pattern: Draft<AuthPattern> | undefined): readonly string[] {
  if (hasOAuth(pattern)) return ['access_token']
  const extracts = (pattern?.steps ?? []).flatMap((step) => [
    step?.extract,
    ...Object.values(step?.on ?? {}).map((action) => action?.extract),
  ])
  return [...new Set(extracts.flatMap((extract) => Object.keys(extract ?? {})))]
}
