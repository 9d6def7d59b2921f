import type { IdentityRecord, Pass } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'
import { type SecretValue, secretBody } from './secret-body.ts'

/** What a team knows of a customer: one value per fact, or several of which each is right. */
export interface NewIdentityRecord {
  /** `usr_…`, `id:…` or `email:…`; created on first mention. */
  readonly user: string
  readonly facts: Readonly<Record<string, string | readonly string[]>>
}

export interface Identity {
  /**
   * Answers the questions of an IDENTITY_REQUIRED error for the user of this client: `answer(error.identity.challenge, {zip})`.
   * Then repeat the call. Throws IDENTITY_MISMATCH with what is to be asked next in `error.identity`, which does not say what was
   * wrong; IDENTITY_LOCKED with `retryAfterMs`; CHALLENGE_REFUSED; RECORDS_UNAVAILABLE, which costs no attempt.
   */
  answer(challenge: string, answers: Readonly<Record<string, SecretValue>>): Promise<Pass>
  readonly passes: {
    list(options?: ListOptions & { readonly capabilityId?: string | undefined; readonly user?: string | undefined }): AsyncIterable<Pass>
    /** No call begins under it when this resolves. */
    revoke(passId: string): Promise<void>
  }
  /** Kept as keyed digests: they can be compared with, replaced and deleted, and never read. */
  readonly records: {
    /** At most 500. Other facts of these customers go, unless `merge` is set. Answers their ids in the same order. */
    put(records: readonly NewIdentityRecord[], options?: { readonly merge?: boolean }): Promise<readonly string[]>
    list(options?: ListOptions & { readonly user?: string | undefined }): AsyncIterable<IdentityRecord>
    /** False when there was nothing. */
    delete(user: string, options?: { readonly facts?: readonly string[] }): Promise<boolean>
  }
}

export function identityOf(rest: Rest): Identity {
  return {
    async answer(challenge, answers) {
      const body = secretBody({ challenge }, answers, 'answers')
      try {
        return (await rest.call<{ pass: Pass }>({ method: 'POST', path: '/v1/identity/answers', body })).pass
      } finally {
        body.fill(0)
      }
    },
    passes: {
      list: ({ capabilityId, user, ...options } = {}) =>
        listAll(rest, { path: '/v1/identity/passes', items: 'passes', query: { capability_id: capabilityId, user } }, options),
      revoke: (id) => rest.call({ method: 'DELETE', path: path`/v1/identity/passes/${id}` }),
    },
    records: {
      async put(records, { merge = false } = {}) {
        const body = Buffer.from(JSON.stringify({ records, merge }))
        return (await rest.call<{ users: readonly string[] }>({ method: 'PUT', path: '/v1/identity/records', body })).users
      },
      list: ({ user, ...options } = {}) => listAll(rest, { path: '/v1/identity/records', items: 'records', query: { user } }, options),
      async delete(user, { facts = [] } = {}) {
        const query = { facts: facts.join(',') }
        return (await rest.call<{ deleted: boolean }>({ method: 'DELETE', path: path`/v1/identity/records/${user}`, query })).deleted
      },
    },
  }
}
