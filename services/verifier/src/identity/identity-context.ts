import type { SecurityLevel } from '@credence/credential'
import type { Challenge } from '@credence/proto/identity'
import type { Clock, Logger, Random } from '@credence/service'
import type { Collection } from '@credence/store'
import type { Challenges } from './challenge.ts'
import type { GrantedPass, Standing } from './standing.ts'

/** A capability's gate and who stands before it, as the registry says. */
export interface Gate {
  readonly capabilityName: string
  readonly projectName: string
  readonly level: SecurityLevel
  readonly version: number
  readonly facts: Challenge['facts']
  readonly pageOnly: boolean
  readonly consent: { readonly purpose: string; readonly scopes: readonly string[] }
  /** `usr_…` */
  readonly user: string
  readonly names: readonly string[]
}

/** What identity checks ask of the other services; each order names the project that it is of. */
export interface IdentityPeers {
  gate(project: string, about: { readonly capability: string; readonly user: string }): Promise<Gate>
  match(project: string, order: MatchOrder): Promise<boolean>
  setPass(project: string, order: PassOrder): Promise<void>
  /** For the history; nobody waits for a registry that is away. */
  report(
    project: string,
    entry: { readonly capability: string; readonly user: string; readonly outcome: string; readonly actor: string },
  ): Promise<void>
}

export interface MatchOrder {
  readonly capability: string
  readonly user: string
  readonly names: readonly string[]
  readonly answers: Readonly<Record<string, Buffer>>
  readonly version: number
  readonly how: string
}

export interface PassOrder {
  readonly pass: GrantedPass
  readonly capability: string
  readonly names: readonly string[]
  readonly state: 'active' | 'revoked'
  readonly generation: number
}

export interface IdentityContext {
  readonly standings: Collection<Standing>
  readonly challenges: Challenges
  readonly peers: IdentityPeers
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly nudge: () => void
}
