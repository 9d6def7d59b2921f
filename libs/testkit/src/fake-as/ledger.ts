import { appendFileSync } from 'node:fs'

/** What a presented refresh token was at that moment. `previous`: spent by an earlier refresh of the same family. */
export type TokenState = 'current' | 'previous' | 'revoked' | 'unknown'

/** Why a family died: a spent token came again, a client revoked it, its code was used twice, or the test said so. */
export type RevokedBy = 'reuse' | 'client' | 'code_reuse' | 'operator'

/**
 * One line of the witness. It holds the tokens themselves, so that a test can say which one is in force and search for
 * all of them elsewhere; a ledger file must therefore never lie inside a folder that is searched.
 */
export interface LedgerEntry {
  readonly seq: number
  /** Milliseconds since the epoch, by the server's clock. */
  readonly at: number
  readonly kind: 'authorize' | 'token' | 'userinfo' | 'introspect' | 'revoke' | 'device' | 'register' | 'undelivered' | 'family_revoked'
  readonly grantType?: string
  readonly clientId?: string
  readonly family?: string
  readonly presented?: { readonly token: string; readonly state: TokenState }
  readonly issued?: { readonly accessToken: string; readonly refreshToken?: string }
  readonly revokedBy?: RevokedBy
  readonly status?: number
  readonly error?: string
  /** What a token was asked for: parameters without a secret. */
  readonly asked?: Readonly<Record<string, string>>
  /** For `undelivered`: the entry whose answer did not reach the client's kernel whole. */
  readonly of?: number
}

/** Keeps what happened, in memory and, where a file is given, one JSON line per entry before the answer leaves. */
export class Ledger {
  readonly #entries: LedgerEntry[] = []
  readonly #now: () => number
  readonly #file: string | undefined

  constructor(now: () => number, file?: string) {
    this.#now = now
    this.#file = file
  }

  add(entry: Omit<LedgerEntry, 'seq' | 'at'>): number {
    const whole = { seq: this.#entries.length, at: this.#now(), ...entry }
    this.#entries.push(whole)
    // No fsync: the witness is never killed, only those who talk to it.
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(whole)}\n`, { mode: 0o600 })
    return whole.seq
  }

  entries(): readonly LedgerEntry[] {
    return [...this.#entries]
  }
}
