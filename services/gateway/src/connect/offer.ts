import { type AuthPattern, type ProviderPayload, parseProvider, type Recipe, recipeOf, signsIn } from '@credence/provider'
import type { PatternView, ProviderFace } from './views.ts'

/** Stands for the OAuth client while a recipe is only read for its fields. */
const NO_CLIENT = 'ocl_'

/** What a provider version offers to a person who connects. */
export interface Offer {
  readonly payload: ProviderPayload
  readonly provider: ProviderFace
  readonly patterns: readonly PatternView[]
  /** Those that each user connects for himself; the others are the project's. */
  readonly personal: readonly PatternView[]
  /** Fields and scopes of one pattern. Throws INVALID_REQUEST when there is no such pattern. */
  recipe(pattern: number): Recipe
}

/** Reads the payload as the registry keeps it. */
export function offerOf(payloadJson: Uint8Array, version: { readonly providerId: string; readonly version: number }): Offer {
  const payload = parseProvider(payloadJson)
  const patterns = payload.auth_patterns.map(patternView)
  return {
    payload,
    provider: {
      name: payload.display_name,
      ...(payload.description === undefined ? {} : { description: payload.description }),
      host: hostOf(payload.proxy_url),
      ...(payload.docs === undefined ? {} : { docs: payload.docs }),
    },
    patterns,
    personal: patterns.filter(({ index }) => (payload.auth_patterns[index]?.level ?? payload.level) !== 'project'),
    recipe: (pattern) => recipeOf(payload, { ...version, pattern, clientId: NO_CLIENT }),
  }
}

/** What a session may come to: without the scope `project` nothing of the project's, unless a level is named for all of it. */
export function offered(
  { patterns, personal }: Offer,
  { level, scopes }: { readonly level: string; readonly scopes: readonly string[] },
): readonly PatternView[] {
  return level === '' && !scopes.includes('project') ? personal : patterns
}

/** What a person sees of a template's host: `{{domain}}` stands as `{domain}`. */
export function hostOf(template: string): string {
  const [, host = ''] = /^[a-z]+:\/\/([^/?#]*)/i.exec(template) ?? []
  return host.replace(/\{\{(\w+)\}\}/g, '{$1}')
}

/** The origin that a sign-in page will have, or `https:` where a field decides it: what the content policy lets a form lead to. */
export function signInSource(authorizeUri: string): string {
  const [origin = ''] = /^[a-z]+:\/\/[^/?#]*/i.exec(authorizeUri) ?? []
  return origin.includes('{{') || !URL.canParse(origin) ? 'https:' : new URL(origin).origin
}

function patternView(pattern: AuthPattern, index: number): PatternView {
  return {
    index,
    title: pattern.display_name ?? (pattern.type === 'OAUTH' && !signsIn(pattern) ? 'Client access' : TITLES[pattern.type]),
    ...(pattern.description === undefined ? {} : { description: pattern.description }),
    kind: signsIn(pattern) ? 'redirect' : pattern.type === 'NONE' ? 'none' : 'form',
  }
}

/** For patterns whose author gave no name. */
const TITLES: Readonly<Record<AuthPattern['type'], string>> = {
  OAUTH: 'Sign in',
  BASIC: 'User name and password',
  BEARER: 'Token',
  API_KEY: 'API key',
  CUSTOM_HEADER: 'Keys',
  CUSTOM: 'Sign-in data',
  THIRDPARTY: 'Sign in',
  NONE: 'No sign-in needed',
}
