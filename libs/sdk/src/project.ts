import { CredenceError } from './credence-error.ts'
import { readEventStream } from './event-source.ts'
import type { Key, Project } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'
import { fromWire } from './wire-names.ts'

export interface NewKey {
  readonly label?: string | undefined
  /** Absent: those of the role. */
  readonly scopes?: readonly string[] | undefined
  readonly role?: 'owner' | 'admin' | 'member' | 'auditor' | undefined
  readonly expiresAt?: Date | undefined
}

export interface Keys {
  /** The secret is in the answer once and nowhere else. */
  create(key: NewKey): Promise<{ readonly key: Key; readonly secret: string }>
  list(options?: ListOptions): AsyncIterable<Key>
  /** A new secret for the same key; the old one stays valid for `overlapS` seconds (default 24 h, at most 30 days). */
  rotate(keyId: string, options?: { readonly overlapS?: number | undefined }): Promise<{ readonly key: Key; readonly secret: string }>
  revoke(keyId: string): Promise<void>
}

export function keysOf(rest: Rest): Keys {
  return {
    create: (key) => rest.call({ method: 'POST', path: '/v1/keys', body: key, creates: true }),
    list: (options) => listAll(rest, { path: '/v1/keys', items: 'keys' }, options),
    rotate: (id, options = {}) => rest.call({ method: 'POST', path: path`/v1/keys/${id}/rotate`, body: options }),
    revoke: (id) => rest.call({ method: 'DELETE', path: path`/v1/keys/${id}` }),
  }
}

/** How far the wrapping of data keys has come. */
export interface RotationStep {
  readonly projectKeyId: string
  readonly done: number
  readonly total: number
}

type ProjectChange = Partial<Omit<Project, 'id' | 'consoleIssuer'>> & { readonly consoleIssuer?: Project['consoleIssuer'] | null }

export interface ProjectSettings {
  get(): Promise<Project>
  /** Members that are given replace what is there, lists as a whole; the others stay. `consoleIssuer: null` removes it. */
  update(change: ProjectChange): Promise<Project>
  /**
   * Wraps every data key of the project under a fresh project key, online. `retire` destroys the former ones: older backups
   * die with them. Stopping the iteration stops the rotation, which can be started again.
   */
  rotateKeys(options?: { readonly retire?: boolean | undefined; readonly signal?: AbortSignal | undefined }): AsyncIterable<RotationStep>
}

export function projectOf(rest: Rest): ProjectSettings {
  return {
    get: () => rest.call({ method: 'GET', path: '/v1/project' }),
    update: (body) => rest.call({ method: 'PATCH', path: '/v1/project', body }),
    async *rotateKeys({ retire, signal } = {}) {
      const headers = { accept: 'text/event-stream' }
      const call = { method: 'POST', path: '/v1/project/rotate-keys', body: { retire }, headers, signal } as const
      const response = await rest.open({ ...call, timeoutMs: Number.POSITIVE_INFINITY })
      for await (const { event, data } of readEventStream(response.body ?? [])) {
        if (event === 'done') return
        if (event === 'failed') throw failureOf(data)
        yield fromWire(JSON.parse(data)) as RotationStep
      }
      throw new CredenceError('UNAVAILABLE', 'The connection broke while keys were wrapped: start the rotation again.')
    },
  }
}

function failureOf(data: string): CredenceError {
  const { code } = JSON.parse(data) as { readonly code: CredenceError['code'] }
  return new CredenceError(code, 'The rotation stopped; what was wrapped stays so. Start it again.')
}
