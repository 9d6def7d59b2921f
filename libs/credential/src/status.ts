/** The three states that the public API, the events and the pages know. */
export const STATUSES = ['active', 'expired', 'disabled'] as const
export type CredentialStatus = (typeof STATUSES)[number]

/** Says more while a credential stays active. `refreshing` is never stored: it is read from the refresh plan. */
export const HEALTHS = ['ok', 'refreshing', 'in_doubt', 'throttled', 'paused', 'unverified', 'restored_unverified'] as const
export type CredentialHealth = (typeof HEALTHS)[number]

/** What can happen to a credential's status. `connect` is a first or a new confirmed secret. */
export type CredentialMove = 'connect' | 'expire' | 'disable' | 'enable'

/** The table of legal moves: from which status, by which move, to which. What is not here is refused. */
const MOVES: Readonly<Record<CredentialMove, Partial<Record<CredentialStatus | 'hidden', CredentialStatus>>>> = {
  connect: { hidden: 'active', active: 'active', expired: 'active' },
  expire: { active: 'expired', expired: 'expired' },
  disable: { active: 'disabled', expired: 'disabled', disabled: 'disabled' },
  enable: { disabled: 'active', active: 'active' },
}

/**
 * The status after `move`, or undefined when the move is illegal. A move that ends where it began is legal and changes
 * nothing: every caller may repeat its request. `hidden` stands for a credential whose first secret is not confirmed.
 */
export function moveStatus(from: CredentialStatus | 'hidden', move: CredentialMove): CredentialStatus | undefined {
  return MOVES[move][from]
}
