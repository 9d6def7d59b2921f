import type { CredentialRow, CredentialsView } from '../../views.ts'

function actionsOf(id: string, toggle: 'disable' | 'enable'): NonNullable<CredentialRow['actions']> {
  const at = `/console/credentials/${id}`
  const toggleAction = toggle === 'disable' ? { disableAction: `${at}/disable` } : { enableAction: `${at}/enable` }
  return { reconnectUrl: `/console/reconnect/${id}`, deleteAction: `${at}/delete`, ...toggleAction }
}

/** Views as the flows make them, for the tests of the pages. */
export const active: CredentialRow = {
  id: 'cred_a',
  label: 'Marketing Asana',
  provider: 'Asana',
  account: 'maria@acme.example',
  status: 'active',
  health: 'ok',
  createdAt: new Date('2026-02-03T09:12:00Z'),
  lastUsedAt: new Date('2026-05-12T11:47:00Z'),
  lastVerifiedAt: new Date('2026-05-12T06:00:00Z'),
  consumerCount: 2,
  actions: actionsOf('cred_a', 'disable'),
}
export const expired: CredentialRow = {
  ...active,
  id: 'cred_b',
  label: 'Support desk',
  provider: 'Freshdesk',
  account: 'acme.freshdesk.com',
  status: 'expired',
  reason: 'The provider refuses the key. Reconnect it with a valid one.',
  consumerCount: 1,
  actions: actionsOf('cred_b', 'disable'),
}
export const disabled: CredentialRow = {
  id: 'cred_c',
  label: 'Stripe',
  provider: 'Stripe',
  status: 'disabled',
  health: 'paused',
  reason: 'It was disabled.',
  createdAt: new Date('2026-04-21T15:30:00Z'),
  consumerCount: 0,
  actions: actionsOf('cred_c', 'enable'),
}
export const shared: CredentialRow = {
  id: 'cred_d',
  label: 'Team wiki',
  provider: 'Notion',
  account: 'Acme workspace',
  status: 'active',
  health: 'unverified',
  reason: 'It was kept without having been checked.',
  lastUsedAt: new Date('2026-05-11T08:05:00Z'),
  consumerCount: 4,
}
export const list: CredentialsView = {
  person: 'maria@acme.example',
  project: 'Acme Assistant',
  credentials: [active, expired, disabled, shared],
  csrf: 'csrf-value',
  signOutAction: '/console/sign-out',
}
export const inUse: CredentialsView = {
  ...list,
  notice: {
    tone: 'question',
    sentence: 'It is used by 2 tools: delete anyway?',
    confirm: { action: '/console/credentials/cred_a/delete', label: 'Delete anyway', inputs: { force: 'true' } },
  },
}
