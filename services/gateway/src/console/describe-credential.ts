import type { Credential } from '@credence/proto/credential'
import type { Principal } from '@credence/rpc'
import type { CredentialRow } from './views.ts'

/** Sentences for the reasons that the registry gives; a reason without one is shown as it is. */
const REASONS: Readonly<Record<string, string>> = {
  refresh_refused: 'The provider no longer accepts the sign-in. Reconnect it.',
  refused_by_provider: 'The provider refuses the key. Reconnect it with a valid one.',
  restored: 'It came back from a backup, and the provider may have spent the sign-in since. Reconnect it.',
  in_doubt_lost: 'The last refresh was lost on the way, and the provider may have spent the sign-in. Reconnect it.',
  lifetime_over: 'Its time is over. Reconnect it.',
  config_changed: 'The provider was set up anew. Reconnect it.',
  disabled_by_caller: 'It was disabled.',
}

const HEALTH: Readonly<Record<string, string>> = {
  unverified: 'It was kept without having been checked.',
  restored_unverified: 'It came back from a backup and has not been checked since.',
  in_doubt: 'The outcome of the last refresh is not known yet.',
  throttled: 'The provider asks to slow down.',
  paused: 'Refreshing is paused.',
}

/** A credential as its owner sees it in the list. */
export function credentialRow(credential: Credential, principal: Principal): CredentialRow {
  const { id, status, health, account } = credential
  const reason = status === 'active' ? HEALTH[health] : (REASONS[credential.reason] ?? credential.reason)
  const accountName = account?.name || account?.id
  return {
    id,
    label: credential.label || credential.providerName,
    provider: credential.providerName,
    ...(accountName === undefined || accountName === '' ? {} : { account: accountName }),
    status: status === 'expired' || status === 'disabled' ? status : 'active',
    health,
    ...(reason === undefined || reason === '' ? {} : { reason }),
    ...times(credential),
    consumerCount: credential.consumerCount,
    ...(mayManage(credential, principal) ? { actions: actionsOf(credential) } : {}),
  }
}

function times({ createdAt, lastUsedAt, lastVerifiedAt, expiresAt }: Credential): Partial<CredentialRow> {
  return {
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
    ...(lastVerifiedAt === undefined ? {} : { lastVerifiedAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
}

function mayManage({ owner, shares }: Credential, { user }: Principal): boolean {
  return owner?.user === user || shares.some((share) => share.subject === user && share.permission === 'manage')
}

function actionsOf({ id, status }: Credential): NonNullable<CredentialRow['actions']> {
  const action = (verb: string): string => `/console/credentials/${id}/${verb}`
  const toggle = status === 'disabled' ? { enableAction: action('enable') } : { disableAction: action('disable') }
  return { reconnectUrl: `/console/reconnect/${id}`, ...toggle, deleteAction: action('delete') }
}
