import type { Logger } from '@credence/service'
import type { SessionCreation } from '../connect/create-session.ts'
import type { OidcParts } from './oidc.ts'
import type { SignInSite } from './sign-in.ts'

export interface ConsoleSite extends SignInSite {
  readonly sessionParts: SessionCreation
  readonly oidc: OidcParts
  readonly log: Logger
}
