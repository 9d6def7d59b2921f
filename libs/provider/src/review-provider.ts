import type { Fault } from '@credence/errors'
import { describeRenewal } from './describe-renewal.ts'
import { diffPayload, type PayloadChange } from './diff-payload.ts'
import { exampleValues, shortestValues } from './example-values.ts'
import { fillHosts, fillUrl } from './fill-hosts.ts'
import { parseProvider } from './parse-provider.ts'
import type { AuthType, Level, PayloadField, ProviderPayload, RefreshClass } from './payload.ts'
import type { Recipe, RecipeField } from './recipe.ts'
import type { RecipeOAuth } from './recipe-oauth.ts'
import { recipeOf } from './recipe-of.ts'
import type { Placement, Segment } from './recipe-placement.ts'
import { resultNames } from './renewal.ts'
import { reviewWarnings } from './review-warnings.ts'
import { CLIENT_ID, CLIENT_SECRET } from './segments.ts'
import { describeSign } from './sign/describe-sign.ts'

/** What a person looks at before a provider is saved. Made of the payload alone; holds no secret, because a payload holds none. */
export interface ProviderReview {
  readonly displayName: string
  readonly description?: string
  readonly docs?: string
  readonly proxyEnabled: boolean
  readonly patterns: readonly PatternReview[]
  /** Nothing here stops a save. */
  readonly warnings: readonly Fault[]
  /** Against the previous version; empty for a new provider. */
  readonly changes: readonly PayloadChange[]
  /** What an update does to the live credentials of each pattern of the previous version. */
  readonly moves: readonly PatternMove[]
  /** Live credentials that the update touches, as the caller counted them. */
  readonly live?: number
}

export interface PatternReview {
  readonly type: AuthType
  readonly displayName?: string
  readonly description?: string
  readonly level: Level
  readonly fields: readonly RecipeField[]
  readonly accountFields: readonly RecipeField[]
  /** What goes on each request, like `Authorization: Basic base64(<username>:)`. */
  readonly sends: readonly string[]
  readonly proxyUrl: string
  /** `proxyUrl` with example values filled in. */
  readonly proxyUrlExample: string
  readonly oauth?: Pick<RecipeOAuth, 'authorizeUri' | 'deviceUri' | 'tokenUri' | 'userInfoUri' | 'availableScopes'> & {
    readonly refreshClass: RefreshClass
  }
  /** What the client is registered with beside its id and secret. */
  readonly clientFields?: readonly PayloadField[]
  /** What the platform's own sign-in hands over. */
  readonly channels?: readonly { readonly channel: string; readonly displayName: string; readonly asset: string }[]
  /** How its tokens are obtained without a sign-in: one line for each call, like `login: POST https://login.example.com/session`. */
  readonly obtains?: readonly string[]
  /** The call that proves a credential, like `GET https://api.example.com/me`. */
  readonly verify?: string
}

/** Credentials of `pattern` move to `to` at once, or stay on the old version until they are reconnected. */
export interface PatternMove {
  readonly pattern: number
  readonly to?: number
  readonly stays?: 'host_changed' | 'pattern_removed' | 'field_added'
}

/** Reads a payload as `parseProvider` does, with the same errors, and describes what saving it would mean. Saves nothing. */
export function reviewProvider(
  bytes: Uint8Array,
  context: { nameTaken?: boolean; previous?: ProviderPayload; live?: number },
): ProviderReview {
  const payload = parseProvider(bytes)
  const { previous, live } = context
  return {
    displayName: payload.display_name,
    ...(payload.description === undefined ? {} : { description: payload.description }),
    ...(payload.docs === undefined ? {} : { docs: payload.docs }),
    proxyEnabled: payload.proxy_enabled,
    patterns: payload.auth_patterns.map((_, index) => reviewPattern(payload, index)),
    warnings: reviewWarnings(payload, context.nameTaken ?? false),
    changes: previous === undefined ? [] : diffPayload(previous, payload),
    moves: previous === undefined ? [] : patternMoves(previous, payload),
    ...(live === undefined ? {} : { live }),
  }
}

/** A recipe for looking at: ids that no provider has. */
function draftRecipe(payload: ProviderPayload, pattern: number): Recipe {
  return recipeOf(payload, { providerId: 'prov_review', version: 0, pattern, clientId: 'ocl_review' })
}

function reviewPattern(payload: ProviderPayload, index: number): PatternReview {
  const recipe = draftRecipe(payload, index)
  const pattern = payload.auth_patterns[index]
  const examples = exampleValues(recipe)
  const { oauth, probe, renewal } = recipe
  return {
    type: recipe.authType,
    ...(pattern?.display_name === undefined ? {} : { displayName: pattern.display_name }),
    ...(pattern?.description === undefined ? {} : { description: pattern.description }),
    level: recipe.level,
    fields: recipe.fields.filter((field) => !field.account),
    accountFields: recipe.fields.filter((field) => field.account),
    sends: [
      ...recipe.placements.map((placement) => shown(placement, recipe)),
      ...(recipe.sign === undefined ? [] : describeSign(recipe.sign)),
    ],
    proxyUrl: recipe.proxyUrl,
    proxyUrlExample: fillUrl(recipe, recipe.proxyUrl, examples),
    ...(oauth === undefined ? {} : { oauth: oauthReview(oauth, recipe.refresh.class) }),
    ...(pattern?.client_fields === undefined ? {} : { clientFields: pattern.client_fields }),
    ...(recipe.native === undefined
      ? {}
      : { channels: recipe.native.channels.map(({ channel, displayName, asset }) => ({ channel, displayName, asset })) }),
    ...(renewal === undefined ? {} : { obtains: describeRenewal(renewal) }),
    ...(probe === undefined ? {} : { verify: `${probe.method} ${fillUrl(recipe, probe.url, examples)}` }),
  }
}

function oauthReview(oauth: RecipeOAuth, refreshClass: RefreshClass): PatternReview['oauth'] & object {
  const { authorizeUri, deviceUri, tokenUri, userInfoUri, availableScopes } = oauth
  const device = deviceUri === undefined ? {} : { deviceUri }
  return { authorizeUri, ...device, tokenUri, ...(userInfoUri === undefined ? {} : { userInfoUri }), availableScopes, refreshClass }
}

function shown(placement: Placement, recipe: Recipe): string {
  const text = placement.value.map((segment) => shownSegment(segment, recipe)).join('')
  if (placement.in === 'query') return `?${placement.name}=${text}`
  return placement.in === 'cookie' ? `Cookie: ${placement.name}=${text}` : `${placement.name}: ${text}`
}

function shownSegment(segment: Segment, recipe: Recipe): string {
  if ('literal' in segment) return segment.literal
  const all = (inner: readonly Segment[]): string => inner.map((piece) => shownSegment(piece, recipe)).join('')
  if ('base64' in segment) return `base64(${all(segment.base64)})`
  if ('hmac' in segment) return `hmac-${segment.hmac.hash}(${all(segment.hmac.key)}, ${all(segment.hmac.message)})`
  if (segment.field === CLIENT_SECRET) return '<client secret>'
  if (segment.field === CLIENT_ID) return '<client id>'
  const obtained = segment.field === 'access_token' || (recipe.renewal !== undefined && resultNames(recipe.renewal).includes(segment.field))
  const asked = obtained || recipe.fields.some((field) => field.name === segment.field)
  return `${segment.prefix ?? ''}${asked ? `<${segment.field}>` : (segment.default ?? '')}${segment.suffix ?? ''}`
}

/** What becomes of live credentials of each pattern of `previous`. */
export function patternMoves(previous: ProviderPayload, payload: ProviderPayload): readonly PatternMove[] {
  return previous.auth_patterns.map((_, index) => moveOf(previous, payload, index))
}

function moveOf(previous: ProviderPayload, payload: ProviderPayload, pattern: number): PatternMove {
  const type = previous.auth_patterns[pattern]?.type
  const sameType = payload.auth_patterns.flatMap((candidate, i) => (candidate.type === type ? [i] : []))
  const to = sameType.includes(pattern) ? pattern : sameType[0]
  if (to === undefined) return { pattern, stays: 'pattern_removed' }
  const [was, is] = [draftRecipe(previous, pattern), draftRecipe(payload, to)]
  const values = { ...shortestValues(was), ...shortestValues(is) }
  if (JSON.stringify(fillHosts(was, values)) !== JSON.stringify(fillHosts(is, values))) return { pattern, to, stays: 'host_changed' }
  const had = new Set(was.fields.filter((field) => field.required).map((field) => field.name))
  const lacks = is.fields.some((field) => field.required && !had.has(field.name))
  return lacks ? { pattern, to, stays: 'field_added' } : { pattern, to }
}
