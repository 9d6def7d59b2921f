import type { Key, Project } from './messages.ts'
import { type ListOptions, listAll } from './pages.ts'
import { path, type Rest } from './rest.ts'

export interface NewKey {
  readonly label?: string
  /** Absent: those of the role. */
  readonly scopes?: readonly string[]
  readonly role?: 'owner' | 'admin' | 'member' | 'auditor'
  readonly expiresAt?: Date
}

export interface Keys {
  /** The secret is in the answer once and nowhere else. */
  create(key: NewKey): Promise<{ readonly key: Key; readonly secret: string }>
  list(options?: ListOptions): AsyncIterable<Key>
  /** A new secret for the same key; the old one stays valid for `overlapS` seconds (default 24 h, at most 30 days). */
  rotate(keyId: string, options?: { readonly overlapS?: number }): Promise<{ readonly key: Key; readonly secret: string }>
  revoke(keyId: string): Promise<void>
}

export function keysOf(rest: Rest): Keys {
  return {
    create: (key) => rest.call({ method: 'POST', path: '/v1/keys', body: key, creates: true }),
    list: (options) => listAll(rest, { path: '/v1/keys', items: 'keys' }, options),
    rotate: (id, options = {}) => rest.call({ method: 'POST', path: path`/v1/keys/${id}/rotate`, body: options }),
    revoke: async (id) => {
      await rest.call({ method: 'DELETE', path: path`/v1/keys/${id}` })
    },
  }
}

export interface ProjectSettings {
  get(): Promise<Project>
  /** Members that are given replace what is there, lists as a whole; the others stay. */
  update(project: Partial<Omit<Project, 'id'>>): Promise<Project>
}

export function projectOf(rest: Rest): ProjectSettings {
  const get = async (): Promise<Project> => (await rest.call<{ project: Project }>({ method: 'GET', path: '/v1/project' })).project
  return {
    get,
    update: async (project) => (await rest.call<{ project: Project }>({ method: 'PATCH', path: '/v1/project', body: project })).project,
  }
}
