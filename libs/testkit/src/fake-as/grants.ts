import type { Clock, Random } from '@credence/service'
import type { Ledger, RevokedBy, TokenState } from './ledger.ts'

/**
 * What a server does with a refresh token that was used before. `static`: tokens never change. `grace`: the spent one
 * still works for a time. `reject`: it is refused. `strict`: it is refused and the family dies (RFC 9700 §4.14.2).
 */
export type ServerClass = 'static' | 'grace' | 'reject' | 'strict'

/** Who signs in at the fake server. */
export interface Account {
  readonly sub: string
  readonly name?: string
  readonly email?: string
}

export interface Family {
  readonly id: string
  readonly clientId: string
  readonly account: Account
  scope: string
  currentRefresh?: string
  revokedBy?: RevokedBy
}

export interface IssuedTokens {
  readonly accessToken: string
  /** The refresh token of the answer; undefined where the server sends none. */
  readonly refreshToken?: string
}

interface RefreshRecord {
  readonly family: Family
  supersededAt?: number
}

export interface GrantRules {
  readonly serverClass: ServerClass
  readonly graceMs: number
  readonly clock: Clock
  readonly random: Random
  readonly ledger: Ledger
}

/** The server's memory: families of tokens, and the rule of its class. */
export class Grants {
  readonly #rules: GrantRules
  readonly #families = new Map<string, Family>()
  readonly #refresh = new Map<string, RefreshRecord>()
  readonly #access = new Map<string, { family: Family; expiresAt: number }>()

  constructor(rules: GrantRules) {
    this.#rules = rules
  }

  open(clientId: string, account: Account, scope: string): Family {
    const family: Family = { id: `fam_${this.#families.size + 1}`, clientId, account, scope }
    this.#families.set(family.id, family)
    return family
  }

  /** What `token` is now, and whose. */
  look(token: string): { state: TokenState; family?: Family } {
    const record = this.#refresh.get(token)
    if (record === undefined) return { state: 'unknown' }
    const { family } = record
    if (family.revokedBy !== undefined) return { state: 'revoked', family }
    return { state: record.supersededAt === undefined ? 'current' : 'previous', family }
  }

  /** True when the class lets this token be exchanged; a spent token kills a strict family on the way. */
  admitRefresh(token: string): boolean {
    const { state, family } = this.look(token)
    if (state === 'current') return true
    if (state !== 'previous' || family === undefined) return false
    if (this.#rules.serverClass === 'strict') this.revoke(family, 'reuse')
    const supersededAt = this.#refresh.get(token)?.supersededAt ?? 0
    return this.#rules.serverClass === 'grace' && this.#rules.clock.now() - supersededAt <= this.#rules.graceMs
  }

  /** New tokens for a family. Without `withRefresh` the refresh token in force stays what it is and is not sent. */
  issue(family: Family, options: { readonly expiresInS: number; readonly withRefresh: boolean }): IssuedTokens {
    const accessToken = this.#token('at')
    this.#access.set(accessToken, { family, expiresAt: this.#rules.clock.now() + options.expiresInS * 1000 })
    const first = family.currentRefresh === undefined
    if (!options.withRefresh || (this.#rules.serverClass === 'static' && !first)) return { accessToken }
    const refreshToken = this.#token('rt')
    const spent = this.#refresh.get(family.currentRefresh ?? '')
    if (spent !== undefined) spent.supersededAt = this.#rules.clock.now()
    this.#refresh.set(refreshToken, { family })
    family.currentRefresh = refreshToken
    return { accessToken, refreshToken }
  }

  /** The account of a live access token. */
  accountOf(accessToken: string): Account | undefined {
    return this.familyOfAccess(accessToken)?.account
  }

  familyOfAccess(accessToken: string): Family | undefined {
    const record = this.#access.get(accessToken)
    if (record === undefined || record.family.revokedBy !== undefined) return undefined
    return this.#rules.clock.now() < record.expiresAt ? record.family : undefined
  }

  /** Ends one access token and leaves its family alive. */
  dropAccess(accessToken: string): void {
    this.#access.delete(accessToken)
  }

  revoke(family: Family, revokedBy: RevokedBy): void {
    if (family.revokedBy !== undefined) return
    family.revokedBy = revokedBy
    this.#rules.ledger.add({ kind: 'family_revoked', family: family.id, revokedBy })
  }

  families(): readonly Family[] {
    return [...this.#families.values()]
  }

  /** Every token that was ever issued: what a search for leaks looks for. */
  tokens(): string[] {
    return [...this.#access.keys(), ...this.#refresh.keys()]
  }

  #token(prefix: string): string {
    return `${prefix}_${Buffer.from(this.#rules.random.bytes(24)).toString('base64url')}`
  }
}
