import type { Consumer, Credential, HistoryEntry, Verdict } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'
import { type SecretValue, secretBody } from './secret-body.ts'
import { toWire } from './wire-names.ts'

export interface NewCredential {
  readonly providerId: string
  /** Which pattern of the provider, counted from 0; default 0. OAuth patterns need a session. */
  readonly pattern?: number
  /** Values by field name, plain and secret ones; the platform tells them apart by the provider. */
  readonly fields: Readonly<Record<string, SecretValue>>
  readonly label?: string
  readonly level?: 'user' | 'project'
  readonly tags?: Readonly<Record<string, string>>
  /** When the secret ends by its own statement. */
  readonly expiresAt?: Date
}

export interface Replacement {
  readonly fields: Readonly<Record<string, SecretValue>>
  readonly expiresAt?: Date
  /** Takes the new secret although it belongs to another account of the provider. */
  readonly confirmAccountChange?: boolean
}

export interface Credentials {
  /** Every credential that the caller may see, oldest first. */
  list(filter?: ListOptions & { readonly providerId?: string; readonly status?: Credential['status'] }): AsyncIterable<Credential>
  get(credentialId: string): Promise<Credential>
  /** Seals, verifies by one safe call, and puts in force. Throws VERIFY_FAILED with nothing stored. */
  create(credential: NewCredential): Promise<Credential>
  relabel(credentialId: string, change: { readonly label?: string; readonly tags?: Readonly<Record<string, string>> }): Promise<Credential>
  /** `with`: `project`, `usr_…`, `id:…` or `email:…`. */
  share(credentialId: string, share: { readonly with: string; readonly permission: 'use' | 'manage' }): Promise<Credential>
  unshare(credentialId: string, share: { readonly with: string }): Promise<Credential>
  transfer(credentialId: string, to: string): Promise<Credential>
  /** In force before it resolves. */
  disable(credentialId: string, reason?: string): Promise<Credential>
  enable(credentialId: string): Promise<{ readonly credential: Credential; readonly refreshOutcome: string }>
  /** A failed verification leaves the secret in force as it was. */
  replaceSecret(credentialId: string, replacement: Replacement): Promise<Credential>
  /** One safe read-only call with the secret in force. */
  verify(credentialId: string): Promise<Verdict>
  /** Revokes upstream where the provider declares how. Throws CREDENTIAL_IN_USE while consumers are bound, unless forced. */
  delete(
    credentialId: string,
    options?: { readonly force?: boolean },
  ): Promise<{ readonly revocation: string; readonly orphaned: readonly Consumer[] }>
}

/** Sealing makes one call to the provider, which may be slow. */
const SEAL_TIMEOUT_MS = 90_000

export function credentialsOf(rest: Rest): Credentials {
  const change = async (id: string, verb: string, body: object = {}): Promise<Credential> =>
    (await rest.call<{ credential: Credential }>({ method: 'POST', path: `${path`/v1/credentials/${id}`}/${verb}`, body })).credential
  return {
    list: ({ providerId, status, ...options } = {}) =>
      listAll(rest, { path: '/v1/credentials', items: 'credentials', query: { provider_id: providerId, status } }, options),
    get: async (id) => (await rest.call<{ credential: Credential }>({ method: 'GET', path: path`/v1/credentials/${id}` })).credential,
    create: ({ fields, ...plain }) => seal(rest, { path: '/v1/credentials', plain, fields }),
    relabel: async (id, { label, tags }) => {
      const body = { label, tags, replaceTags: tags === undefined ? undefined : true }
      return (await rest.call<{ credential: Credential }>({ method: 'PATCH', path: path`/v1/credentials/${id}`, body })).credential
    },
    share: (id, share) => change(id, 'share', share),
    unshare: (id, share) => change(id, 'unshare', share),
    transfer: (id, to) => change(id, 'transfer', { to }),
    disable: (id, reason) => change(id, 'disable', { reason }),
    enable: (id) => rest.call({ method: 'POST', path: path`/v1/credentials/${id}/enable`, body: {}, timeoutMs: SEAL_TIMEOUT_MS }),
    replaceSecret: (id, { fields, ...plain }) => seal(rest, { path: path`/v1/credentials/${id}/secret`, plain, fields }),
    verify: (id) => rest.call({ method: 'POST', path: path`/v1/credentials/${id}/verify`, body: {}, timeoutMs: SEAL_TIMEOUT_MS }),
    delete: (id, { force } = {}) =>
      rest.call({ method: 'DELETE', path: path`/v1/credentials/${id}`, query: { force }, timeoutMs: SEAL_TIMEOUT_MS }),
  }
}

interface Sealing {
  readonly path: string
  readonly plain: object
  readonly fields: Readonly<Record<string, SecretValue>>
}

/** The body is bytes and wiped when the answer is there; the caller's own values are his to wipe. */
async function seal(rest: Rest, { path, plain, fields }: Sealing): Promise<Credential> {
  const body = secretBody(toWire(plain) as object, fields, 'fields')
  try {
    const call = { method: 'POST', path, body, creates: true, timeoutMs: SEAL_TIMEOUT_MS } as const
    return (await rest.call<{ credential: Credential }>(call)).credential
  } finally {
    body.fill(0)
  }
}

export interface Consumers {
  /** Tells where a credential is used; a delete then warns, and orphans are told. */
  bind(consumer: {
    readonly credentialId: string
    readonly kind: 'tool' | 'channel' | 'agent'
    readonly externalRef: string
    readonly label?: string
  }): Promise<Consumer>
  list(credentialId: string, options?: ListOptions): AsyncIterable<Consumer>
  unbind(consumerId: string): Promise<void>
}

export function consumersOf(rest: Rest): Consumers {
  return {
    bind: async ({ credentialId, ...body }) =>
      (
        await rest.call<{ consumer: Consumer }>({
          method: 'POST',
          path: path`/v1/credentials/${credentialId}/consumers`,
          body,
          creates: true,
        })
      ).consumer,
    list: (id, options) => listAll(rest, { path: path`/v1/credentials/${id}/consumers`, items: 'consumers' }, options),
    unbind: async (id) => {
      await rest.call({ method: 'DELETE', path: path`/v1/consumers/${id}` })
    },
  }
}

export interface History {
  /** Uses, refreshes, verifications and connect attempts of one credential, newest first. */
  list(credentialId: string, options?: ListOptions): AsyncIterable<HistoryEntry>
}

export function historyOf(rest: Rest): History {
  return { list: (id, options) => listAll(rest, { path: path`/v1/credentials/${id}/history`, items: 'entries' }, options) }
}
