import type { Consumer, Credential, RefreshPlan, Verdict } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'
import { type SecretValue, secretBody } from './secret-body.ts'
import { toWire } from './wire-names.ts'

export interface Replacement {
  /** Values by field name, plain and secret ones; the platform tells them apart by the provider. */
  readonly fields: Readonly<Record<string, SecretValue>>
  /** When the secret ends by its own statement. */
  readonly expiresAt?: Date | undefined
  /** Keep it although the provider could not be asked. */
  readonly allowUnverified?: boolean | undefined
  /** Take the new secret although it belongs to another account of the provider. */
  readonly confirmAccountChange?: boolean | undefined
}

export interface NewCredential extends Omit<Replacement, 'confirmAccountChange'> {
  readonly providerId: string
  /** Which pattern of the provider, counted from 0; default 0. OAuth patterns need a session. */
  readonly pattern?: number | undefined
  readonly label?: string | undefined
  readonly level?: 'user' | 'project' | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
}

export interface CredentialFilter extends ListOptions {
  readonly providerId?: string | undefined
  readonly status?: Credential['status'] | undefined
}

export interface ResolvedCredential {
  readonly credentialId: string
  readonly providerId: string
  readonly status: Credential['status']
}

export interface Credentials {
  /** Every credential that the caller may see, page by page. */
  list(filter?: CredentialFilter): AsyncIterable<Credential>
  get(credentialId: string): Promise<Credential>
  /** A user's credential at a server, by the server's display name; without `userEmail` for the client's own user. */
  resolve(serverName: string, options?: { readonly userEmail?: string | undefined }): Promise<ResolvedCredential>
  /** Seals, verifies by one safe call, and puts in force. Throws VERIFY_FAILED with nothing stored. */
  create(credential: NewCredential): Promise<Credential>
  /** Tags that are given take the place of all tags. */
  relabel(credentialId: string, change: { readonly label?: string; readonly tags?: Readonly<Record<string, string>> }): Promise<Credential>
  /** `with`: `project`, `usr_…`, `id:…` or `email:…`. */
  share(credentialId: string, share: { readonly with: string; readonly permission: 'use' | 'manage' }): Promise<Credential>
  unshare(credentialId: string, share: { readonly with: string }): Promise<Credential>
  transfer(credentialId: string, to: string): Promise<Credential>
  /** No use starts after it has resolved. */
  disable(credentialId: string, reason?: string): Promise<Credential>
  /** Refreshes at once where that is due, and tells the outcome. */
  enable(credentialId: string): Promise<{ readonly credential: Credential; readonly refreshOutcome?: string }>
  /** A failed verification leaves the secret in force as it was. */
  replaceSecret(credentialId: string, replacement: Replacement): Promise<Credential>
  /** One safe read-only call with the secret in force. */
  verify(credentialId: string): Promise<Verdict>
  plan(credentialId: string): Promise<RefreshPlan>
  /** Revokes upstream where the provider declares how. Throws CREDENTIAL_IN_USE while consumers are bound, unless forced. */
  delete(
    credentialId: string,
    options?: { readonly force?: boolean },
  ): Promise<{ readonly revocation: string; readonly orphaned: readonly Consumer[] }>
}

/** These make a call to the provider, which may be slow. */
const PROVIDER_TIMEOUT_MS = 90_000

export function credentialsOf(rest: Rest): Credentials {
  const timeoutMs = PROVIDER_TIMEOUT_MS
  return {
    list: ({ providerId, status, ...options } = {}) =>
      listAll(rest, { path: '/v1/credentials', items: 'credentials', query: { provider_id: providerId, status } }, options),
    get: (id) => rest.call({ method: 'GET', path: path`/v1/credentials/${id}` }),
    resolve: (serverName, { userEmail } = {}) =>
      rest.call({ method: 'GET', path: '/v1/credentials/resolve', query: { server_name: serverName, user_email: userEmail } }),
    create: ({ fields, ...plain }) => seal(rest, { method: 'POST', path: '/v1/credentials', plain, fields }),
    relabel: (id, body) => rest.call({ method: 'PATCH', path: path`/v1/credentials/${id}`, body }),
    share: (id, { with: subject, permission }) =>
      rest.call({ method: 'PUT', path: path`/v1/credentials/${id}/shares/${subject}`, body: { permission } }),
    unshare: (id, { with: subject }) => rest.call({ method: 'DELETE', path: path`/v1/credentials/${id}/shares/${subject}` }),
    transfer: (id, to) => rest.call({ method: 'POST', path: path`/v1/credentials/${id}/transfer`, body: { to } }),
    disable: (id, reason) => rest.call({ method: 'POST', path: path`/v1/credentials/${id}/disable`, body: { reason } }),
    enable: (id) => rest.call({ method: 'POST', path: path`/v1/credentials/${id}/enable`, timeoutMs }),
    replaceSecret: (id, { fields, ...plain }) => seal(rest, { method: 'PUT', path: path`/v1/credentials/${id}/secret`, plain, fields }),
    verify: (id) => rest.call({ method: 'POST', path: path`/v1/credentials/${id}/verify`, timeoutMs }),
    plan: (id) => rest.call({ method: 'GET', path: path`/v1/credentials/${id}/plan` }),
    delete: (id, { force } = {}) => rest.call({ method: 'DELETE', path: path`/v1/credentials/${id}`, query: { force }, timeoutMs }),
  }
}

interface Sealing {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly plain: object
  readonly fields: Readonly<Record<string, SecretValue>>
}

/** The body is bytes and wiped when the answer is there; the caller's own values are his to wipe. */
export async function seal(rest: Rest, { method, path, plain, fields }: Sealing): Promise<Credential> {
  const body = secretBody(toWire(plain) as object, fields, 'fields')
  try {
    return await rest.call({ method, path, body, creates: true, timeoutMs: PROVIDER_TIMEOUT_MS })
  } finally {
    body.fill(0)
  }
}
