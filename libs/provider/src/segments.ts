import type { Recipe } from './recipe.ts'
import type { Segment } from './recipe-placement.ts'

/** The field that stands in a segment for the secret of the recipe's OAuth client: opened for the call, never stored beside the fields. */
export const CLIENT_SECRET = '@client_secret'
/** The same for the identifier that the provider gave the client. It is no secret (RFC 6749 §2.2). */
export const CLIENT_ID = '@client_id'

/** The pieces that values are made of, those inside of `base64` and `hmac` too. */
export function leavesOf(segments: readonly Segment[]): readonly Segment[] {
  return segments.flatMap((segment) => {
    if ('base64' in segment) return leavesOf(segment.base64)
    if ('hmac' in segment) return leavesOf([...segment.hmac.key, ...segment.hmac.message])
    return [segment]
  })
}

/** The names of the fields that the segments take, each once. */
export function fieldsOfSegments(segments: readonly Segment[]): readonly string[] {
  return [...new Set(leavesOf(segments).flatMap((segment) => ('field' in segment ? [segment.field] : [])))]
}

/** True when something on the request is made of the OAuth client's secret. */
export function takesClientSecret(recipe: Recipe): boolean {
  return [...recipe.placements, ...(recipe.probe?.placements ?? [])].some(({ value }) =>
    leavesOf(value).some((leaf) => 'field' in leaf && leaf.field === CLIENT_SECRET),
  )
}
