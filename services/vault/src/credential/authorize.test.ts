import { isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { describe, expect, test } from 'vitest'
import { authorize } from './authorize.ts'
import type { Access, Child } from './child.ts'

const ann: Principal = {
  project: 'proj_1',
  subject: 'key_1',
  user: '',
  userNames: ['id:ann'],
  roles: [],
  scopes: ['use', 'act_for'],
  via: 'http',
}
const access: Access = {
  generation: 1,
  state: 'active',
  reason: '',
  owner: ['usr_ann', 'id:ann', 'email:ann@example.com'],
  shares: [],
  mac: new Uint8Array(32),
}
const child: Child = {
  id: 'cred_1',
  v: 1,
  project: 'proj_1',
  family: 'bearer',
  version: 1,
  recipe: 'rcp_1',
  plain: {},
  access,
  outbox: [],
  factSeq: 0,
}
const { access: _none, ...candidateOnly } = child
const shared = (...names: string[]): Child => ({ ...child, access: { ...access, shares: [{ names, permission: 'use' }] } })
const tombstone: Child = { ...candidateOnly, deleted: { at: new Date(0), visibleTo: ['id:ann'], consumers: ['csmr_1'] } }

function outcome(principal: Partial<Principal>, found: Child | undefined, consumer = ''): string {
  try {
    authorize({ ...ann, ...principal }, found, { consumer, reconnectUrl: (id) => `https://x/r/${id}` })
    return 'allowed'
  } catch (error) {
    return isCoded(error) ? error.code : String(error)
  }
}

describe('who may use a credential', () => {
  test.each<[string, Partial<Principal>, Child | undefined, string, string?]>([
    ['its owner by external id', {}, child, 'allowed'],
    ['its owner by e-mail', { userNames: ['email:ann@example.com'] }, child, 'allowed'],
    ['its owner by our own id', { user: 'usr_ann', userNames: [] }, child, 'allowed'],
    ['somebody else', { userNames: ['id:bob'] }, child, 'NOT_FOUND'],
    ['a key that names no user', { userNames: [] }, child, 'NOT_FOUND'],
    ['an administrator who is not the owner', { userNames: ['id:root'], roles: ['admin'] }, child, 'NOT_FOUND'],
    ['a user whose name is a part of the owner’s', { userNames: ['id:an'] }, child, 'NOT_FOUND'],
    ['the owner’s name in another project', { project: 'proj_2' }, child, 'NOT_FOUND'],
    ['a user it is shared with', { userNames: ['id:bob'] }, shared('usr_bob', 'id:bob'), 'allowed'],
    ['anybody of the project it is shared with', { userNames: [] }, shared('project'), 'allowed'],
    ['another project it is not shared with', { project: 'proj_2', userNames: [] }, shared('project'), 'NOT_FOUND'],
    ['one that does not exist', {}, undefined, 'NOT_FOUND'],
    ['one that has only a candidate', {}, candidateOnly, 'NOT_FOUND'],
    ['a key without the scope, whatever it asks for', { scopes: ['act_for'] }, undefined, 'SCOPE_REQUIRED'],
    ['an expired one', {}, { ...child, access: { ...access, state: 'expired' } }, 'CREDENTIAL_EXPIRED'],
    ['a disabled one', {}, { ...child, access: { ...access, state: 'disabled' } }, 'CREDENTIAL_DISABLED'],
    ['a stranger an expired one', { userNames: ['id:bob'] }, { ...child, access: { ...access, state: 'expired' } }, 'NOT_FOUND'],
    ['its former owner a deleted one', {}, tombstone, 'CREDENTIAL_DELETED'],
    ['a stranger a deleted one', { userNames: ['id:bob'] }, tombstone, 'NOT_FOUND'],
    ['a listed consumer a deleted one', { userNames: ['id:bob'] }, tombstone, 'CREDENTIAL_DELETED', 'csmr_1'],
    ['a stranger’s consumer a deleted one', { userNames: ['id:bob'] }, tombstone, 'NOT_FOUND', 'csmr_2'],
    ['a listed consumer of another project', { project: 'proj_2' }, tombstone, 'NOT_FOUND', 'csmr_1'],
  ])('[S2-20] %s', (_who, principal, found, expected, consumer) => {
    expect(outcome(principal, found, consumer)).toBe(expected)
  })
})
