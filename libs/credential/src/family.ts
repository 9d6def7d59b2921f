/** Credentials are grouped by the shape of the authentication, never by provider. */
export const FAMILIES = ['basic', 'bearer', 'apikey', 'oauth2', 'thirdparty', 'none', 'custom'] as const
export type CredentialFamily = (typeof FAMILIES)[number]

const BY_AUTH_TYPE: Readonly<Record<string, CredentialFamily>> = {
  OAUTH: 'oauth2',
  BASIC: 'basic',
  BEARER: 'bearer',
  API_KEY: 'apikey',
  CUSTOM_HEADER: 'custom',
  CUSTOM: 'custom',
  THIRDPARTY: 'thirdparty',
  NONE: 'none',
}

/** Whether a person signed in for it at the provider: such a credential has a client, and ends or is renewed. */
export function hasGrant(family: CredentialFamily): boolean {
  return family === 'oauth2' || family === 'thirdparty'
}

/** The family of a payload's auth `type`; undefined when the type is not known. */
export function familyOf(authType: string): CredentialFamily | undefined {
  return BY_AUTH_TYPE[authType]
}
