import type { CredentialFamily } from './family.ts'

/** How a credential is written on the wire. */
export const AUTH_TYPES = ['none', 'api_key', 'bearer', 'basic', 'oauth2', 'custom_header'] as const
export type AuthType = (typeof AUTH_TYPES)[number]

/** Whose credential a capability uses. */
export const MODES = ['external_oauth', 'proxy', 'full_access', 'custom'] as const
export type CapabilityMode = (typeof MODES)[number]

/** A cell of the table: what the pair is for, or why there is no such pair. */
export type AuthPair = { readonly use: string } | { readonly refused: string }

const ONLY_OAUTH = 'A customer grants access by signing in; a static key of his own needs no capability: it is used by its id.'
const OWN_BACKEND = "Your backend asks for it beside the platform's signature; the real credential stays there."
const DECLARED = 'The pattern declares how the value is signed or exchanged.'

/**
 * The two axes, type and mode: every pair is here, and what is refused says why. Which modes a capability may have is decided
 * by this table alone.
 */
export const AUTH_PAIRS: Readonly<Record<AuthType, Readonly<Record<CapabilityMode, AuthPair>>>> = {
  none: {
    external_oauth: { refused: 'There is nothing that a customer could grant.' },
    proxy: { use: 'Your backend knows the platform by its signature alone.' },
    full_access: { use: 'Public APIs: status pages, public catalogues.' },
    custom: { refused: 'There is nothing to exchange and nothing to sign with.' },
  },
  api_key: {
    external_oauth: { refused: ONLY_OAUTH },
    proxy: { use: OWN_BACKEND },
    full_access: { use: 'Internal admin APIs that are called for your business.' },
    custom: { use: DECLARED },
  },
  bearer: {
    external_oauth: { refused: ONLY_OAUTH },
    proxy: { use: OWN_BACKEND },
    full_access: { use: 'Modern SaaS APIs with a static token of a service account.' },
    custom: { use: DECLARED },
  },
  basic: {
    external_oauth: { refused: ONLY_OAUTH },
    proxy: { use: OWN_BACKEND },
    full_access: { use: 'Legacy systems and internal services with a service account.' },
    custom: { use: DECLARED },
  },
  oauth2: {
    external_oauth: { use: 'The customer signs in to his own account, in the conversation.' },
    proxy: { use: OWN_BACKEND },
    full_access: { use: 'A service account that an administrator signed in with; its tokens are refreshed like any other.' },
    custom: { use: DECLARED },
  },
  custom_header: {
    external_oauth: { refused: ONLY_OAUTH },
    proxy: { use: OWN_BACKEND },
    full_access: { use: 'Partner APIs with an authentication of their own.' },
    custom: { use: 'Declared exchanges and signatures over several values.' },
  },
}

const TYPE_OF_FAMILY: Readonly<Record<CredentialFamily, AuthType>> = {
  none: 'none',
  apikey: 'api_key',
  bearer: 'bearer',
  basic: 'basic',
  oauth2: 'oauth2',
  // A pop-up of a third party is a sign-in too; only its protocol is another.
  thirdparty: 'oauth2',
  custom: 'custom_header',
}

/** The row of the table that a family of credentials belongs to. */
export function authTypeOf(family: CredentialFamily): AuthType {
  return TYPE_OF_FAMILY[family]
}
