import { VaultServiceDefinition } from '@credence/proto/vault'
import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connected, fence, newCredential, sealed, seedRecipe } from './connecting.ts'
import { Harness, putKey } from './harness.ts'

const FOREIGN = `proj_${'8'.repeat(26)}`
let harness: Harness
let credential: string
let candidateId: string
let key: string

beforeAll(async () => {
  harness = await Harness.start()
  const recipe = seedRecipe('bearer')
  credential = await connected(harness, { recipe, secret: { token: 'tok-1234567890' } })
  ;({ candidateId } = await sealed(harness, { recipe, secret: { token: 'tok-1234567890' }, credentialId: credential }))
  key = (await putKey(harness, { project: FOREIGN })).key
})
afterAll(() => harness.stop())

type Outcome = { code?: string; message?: string; value?: unknown }
const outcomeOf = (work: Promise<unknown>): Promise<Outcome> =>
  work.then(
    (value) => ({ value }),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  )

/** Each method with an id, as whoever may call it in the foreign project. */
const methods: Record<string, (credentialId: string) => Promise<unknown>> = {
  promote: (credentialId) =>
    harness.as('registry').promote({ credentialId, candidateId, access: fence({ generation: 9 }) }, foreign('registry')),
  setAccess: (credentialId) => harness.as('registry').setAccess({ credentialId, access: fence({ generation: 9 }) }, foreign('registry')),
  destroy: (credentialId) => harness.as('registry').destroy({ credentialId, consumers: [] }, foreign('registry')),
  dropCandidate: (credentialId) => harness.as('gateway').destroy({ credentialId, candidateId }, foreign('gateway')),
  refresh: (credentialId) => harness.as('registry').refresh({ credentialId, expectedVersion: 0, cause: 'enable' }, foreign('registry')),
  revoke: (credentialId) => harness.as('registry').revoke({ credentialId, sharedGrant: false }, foreign('registry')),
  probe: (credentialId) =>
    harness
      .as('verifier')
      .probe({ credentialId, call: { method: 'GET', url: '/me', expect: [200] } }, callAs(harness.order('verifier', FOREIGN))),
  listUses: (credentialId) => harness.as('registry').listUses({ credentialId, pageSize: 10 }, foreign('registry')),
  check: (credentialId) => harness.caller(key, 'id:ann').check({ credentialId, method: 'GET', path: '/x' }),
}
const foreign = (service: 'registry' | 'gateway') => callAs({ ...harness.person(FOREIGN), via: service })

describe('[S2-20] a foreign id', () => {
  test.each(Object.keys(methods))('%s answers it as it answers one that does not exist', async (name) => {
    const method = methods[name]!
    const unknown = await outcomeOf(method(newCredential()))
    expect(await outcomeOf(method(credential))).toEqual(unknown)
    if (unknown.value === undefined) expect(unknown.code).toBe('NOT_FOUND')
  })

  test('leaves the credential as it was', async () => {
    const { key: own } = await putKey(harness)
    await harness.caller(own, 'id:ann').check({ credentialId: credential, method: 'GET', path: '/x' })
    const promote = { credentialId: credential, candidateId, access: fence({ generation: 2 }) }
    expect((await harness.as('registry').promote(promote, callAs(harness.order()))).version).toBe(2)
  })
})

test('[S2-1] no answer of any method has a member that could hold a secret', () => {
  const names = Object.values(VaultServiceDefinition.methods).map(({ responseType }) => Object.keys(responseType.fromPartial({})))
  const suspicious = names.flat().filter((name) => /secret|token|password|credential(?!Id)|key(?!Id)/i.test(name))
  // `keys` are public halves, `tokens` are times, `…PageToken` a place in a list, `hasRefreshToken` and `mayHoldToken` are yes or no.
  const harmless = ['keys', 'nextPageToken', 'tokens', 'hasRefreshToken', 'mayHoldToken', 'projectKeyId']
  expect(suspicious.filter((name) => !harmless.includes(name))).toEqual([])
})
