import { type Answer, jsonAnswer } from '../exchange.ts'
import type { Behaviour } from './behaviour.ts'
import type { Account } from './grants.ts'
import type { LedgerEntry } from './ledger.ts'
import type { FakeState } from './state.ts'

/** What a test may do to a fake server, in process or through `/control/…` of one in another process. */
export interface FakeControl {
  /** Bends an endpoint; `{}` or `{endpoint}` alone makes it well again. */
  behave(behaviour: Behaviour): void
  /** How many answers wait under `hold`. */
  held(): number
  release(): void
  ledger(): readonly LedgerEntry[]
  /** Registers one more redirect URI, for platforms that name theirs only after the client is registered. */
  allowRedirect(redirectUri: string): void
  /** Who consents from now on. */
  signIn(account: Account): void
  /** What the person does on the other device with this code. */
  decideDevice(userCode: string, decision: 'approved' | 'denied'): void
  /** Ends every family of an account, or of everybody, as a user does on the provider's security page. */
  revokeGrants(sub?: string): number
  /** The secret of a client, those that were registered later too: what a search for leaks looks for. */
  secretOf(clientId: string): string | undefined
  /** Every token ever issued. */
  tokens(): readonly string[]
  /** The account of a live access token: how a mock API checks what it gets. */
  accountOf(accessToken: string): Account | undefined
}

export function controlOf(state: FakeState): FakeControl {
  return {
    behave: (behaviour) => state.behaviours.set(behaviour),
    held: () => state.behaviours.held,
    release: () => state.behaviours.release(),
    ledger: () => state.ledger.entries(),
    allowRedirect(redirectUri) {
      for (const client of state.clients.values()) client.redirectUris.push(redirectUri)
    },
    signIn(account) {
      state.account = account
    },
    decideDevice(userCode, decision) {
      const record = [...state.devices.values()].find((one) => one.userCode === userCode)
      if (record === undefined) throw new TypeError('there is no such code')
      record.decision = decision
    },
    revokeGrants(sub) {
      const live = state.grants.families().filter((family) => family.revokedBy === undefined)
      const chosen = live.filter((family) => sub === undefined || family.account.sub === sub)
      for (const family of chosen) state.grants.revoke(family, 'operator')
      return chosen.length
    },
    secretOf: (clientId) => state.clients.get(clientId)?.clientSecret,
    tokens: () => state.grants.tokens(),
    accountOf: (accessToken) => state.grants.accountOf(accessToken),
  }
}

/** `POST /control/<verb>` with a JSON body of the verb's argument, `GET /control/ledger|tokens|held`. */
export function serveControl(control: FakeControl, verb: string, body: Buffer): Answer {
  const argument: unknown = body.length === 0 ? undefined : JSON.parse(body.toString('utf8'))
  switch (verb) {
    case 'behave':
      control.behave(argument as Behaviour)
      return jsonAnswer(200, {})
    case 'release':
      control.release()
      return jsonAnswer(200, {})
    case 'redirect':
      control.allowRedirect(String(argument))
      return jsonAnswer(200, {})
    case 'sign-in':
      control.signIn(argument as Account)
      return jsonAnswer(200, {})
    case 'revoke-grants':
      return jsonAnswer(200, { revoked: control.revokeGrants(argument === undefined ? undefined : String(argument)) })
    case 'account-of':
      return jsonAnswer(200, { account: control.accountOf(String(argument)) ?? null })
    case 'ledger':
      return jsonAnswer(200, control.ledger())
    case 'tokens':
      return jsonAnswer(200, control.tokens())
    case 'held':
      return jsonAnswer(200, { held: control.held() })
    default:
      return jsonAnswer(404, { error: 'unknown_verb' })
  }
}
