import type { Capability } from '@credence/proto/capability'
import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let admin: Person
let bearer: string
let asana: string

beforeAll(async () => {
  platform = await Platform.start()
  admin = await platform.person('id:administrator')
  bearer = await provider(platform)
  asana = await provider(platform, 'asana')
})
afterAll(() => platform.stop())

const as = () => callAs(admin.principal)

function written(members: Partial<Capability>): Capability {
  const blank = { id: '', name: 'Look up', description: '', providerId: bearer, providerVersion: 0, pattern: 0, mode: 'full_access' }
  const rest = { credentialId: '', methods: [], paths: [], exclusive: false, scopes: [], authType: '', providerName: '', customers: 0 }
  return { ...blank, ...rest, security: undefined, consent: undefined, createdAt: undefined, updatedAt: undefined, ...members }
}

/** A capability with a credential of the project behind it. */
async function made(members: Partial<Capability> = {}): Promise<Capability> {
  const credentialId = await connected(platform, admin, { providerId: bearer, level: 'project' })
  const { capability } = await admin.gateway.createCapability({ capability: written({ credentialId, ...members }) }, as())
  return capability!
}

async function calendar(): Promise<string> {
  const capability = written({ providerId: asana, mode: 'external_oauth' })
  return (await admin.gateway.createCapability({ capability }, as())).capability!.id
}

const pushed = (id: string) => platform.vault.capabilities.findLast(({ capabilityId }) => capabilityId === id)

describe('a capability', () => {
  test('[S0-15] is not answered before the vault holds it, and its credentials learn of a gate first', async () => {
    const { id, credentialId } = await made()
    const before = platform.vault.log.length
    const release = platform.vault.hold('setCapability')
    const order: string[] = []
    const capability = written({ id, credentialId, exclusive: true })
    const answered = admin.gateway.updateCapability({ capability }, as()).then(() => order.push('answered'))
    await expect.poll(() => platform.vault.log.at(-1)).toBe('setCapability')
    order.push('vault has it')
    release()
    await answered
    expect(order).toEqual(['vault has it', 'answered'])
    const log = platform.vault.log.slice(before).filter((line) => line.startsWith('setAccess') || line.startsWith('setCapability'))
    expect(log).toEqual(['setAccess', 'setAccess answered', 'setCapability', 'setCapability answered'])
    expect(platform.vault.fence(credentialId)).toMatchObject({ gates: [id], capabilities: [id] })
    expect(pushed(id)).toMatchObject({ generation: 2, state: 'active' })
  })

  test('[S0-15] that the vault refuses is an error, is tried again by itself, and holds at last', async () => {
    const { id, credentialId } = await made()
    platform.vault.refuse('setCapability', 'AUDIT_UNAVAILABLE')
    const capability = written({ id, credentialId, methods: ['GET'] })
    expect(await codeOf(admin.gateway.updateCapability({ capability }, as()))).toBe('AUDIT_UNAVAILABLE')
    expect(pushed(id)?.methods).toEqual([])
    await expect.poll(() => platform.afterSweep(() => pushed(id)?.methods)).toEqual(['GET'])
  })

  test('[S0-15] deleted without an answer of the vault is gone for callers at once, and for the vault after a restart', async () => {
    const { id } = await made()
    platform.vault.refuse('setCapability', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE')
    expect(await codeOf(admin.gateway.deleteCapability({ capabilityId: id }, as()))).toBe('UNAVAILABLE')
    expect(await codeOf(admin.gateway.getCapability({ capabilityId: id }, as()))).toBe('NOT_FOUND')
    await platform.stopRegistry()
    platform.vault.refuse('setCapability')
    await platform.startRegistry()
    admin = await platform.person('id:administrator')
    await expect.poll(() => platform.afterSweep(() => pushed(id)?.state)).toBe('deleted')
  })

  test('[S0-15] changed by many at once ends with one of them, whole, and the newest generation at the vault', async () => {
    const { id, credentialId } = await made()
    const names = ['one', 'two', 'three', 'four', 'five']
    const changes = names.map((name) =>
      admin.gateway.updateCapability({ capability: written({ id, credentialId, name, paths: [`/${name}`] }) }, as()),
    )
    await Promise.all(changes)
    const { capability } = await admin.gateway.getCapability({ capabilityId: id }, as())
    expect(capability?.paths).toEqual([`/${capability?.name}`])
    const newest = platform.vault.capabilities
      .filter(({ capabilityId }) => capabilityId === id)
      .toSorted((a, b) => a.generation - b.generation)
    expect(newest.at(-1)).toMatchObject({ generation: 6, paths: capability?.paths })
  })

  test('[S0-15] keeps its mode, its provider and whose credential it uses', async () => {
    const { id } = await made()
    const other = written({ id, providerId: asana, mode: 'external_oauth' })
    const error = await admin.gateway.updateCapability({ capability: other }, as()).catch((thrown: unknown) => thrown)
    const { faults } = (error as { details: { faults: { pointer: string }[] } }).details
    expect(faults.map(({ pointer }) => pointer)).toEqual(['/mode', '/provider_id', '/credential_id'])
  })

  test('[S0-15] of another project does not exist', async () => {
    const { id } = await made()
    const stranger = { ...admin.principal, project: 'proj_other' }
    expect(await codeOf(admin.gateway.getCapability({ capabilityId: id }, callAs(stranger)))).toBe('NOT_FOUND')
    expect(await codeOf(admin.gateway.getCapability({ capabilityId: 'cap_nonsense' }, as()))).toBe('NOT_FOUND')
  })
})

describe('what a customer grants', () => {
  const reserve = async (capabilityId: string, person: Person): Promise<string> =>
    (await person.gateway.reserve({ capabilityId }, callAs(person.principal))).credentialId

  test('[S0-15] [S0-7] is one credential, however many reserve it at once, and the vault knows it by each of his names', async () => {
    const id = await calendar()
    const ann = await platform.person('id:ann')
    const ids = await Promise.all(Array.from({ length: 8 }, () => reserve(id, ann)))
    expect(new Set(ids).size).toBe(1)
    const claim = platform.vault.claims.findLast(({ capabilityId }) => capabilityId === id)
    expect(claim).toMatchObject({ names: [ann.principal.user, 'id:ann'], credentialId: ids[0], generation: 1 })
    const bob = await platform.person('id:bob')
    expect(await reserve(id, bob)).not.toBe(ids[0])
  })

  test('[S0-7] is found by a name that he got later', async () => {
    const id = await calendar()
    const carl = await platform.person('id:carl')
    const credentialId = await reserve(id, carl)
    const names = ['id:carl', 'email:carl@example.com']
    const both = { ...carl.principal, user: '', userNames: names, subject: 'service:gateway' }
    await carl.gateway.authenticate({ user: '', via: 'http' }, callAs(both))
    const claim = () => platform.vault.claims.findLast(({ capabilityId }) => capabilityId === id)
    await expect.poll(() => platform.afterSweep(() => claim()?.names)).toEqual([carl.principal.user, ...names.toSorted()])
    expect(claim()).toMatchObject({ credentialId, generation: 2 })
  })

  test('[S0-15] that was never finished is given up for another after an hour', async () => {
    const id = await calendar()
    const dora = await platform.person('id:dora')
    const first = await reserve(id, dora)
    expect(await reserve(id, dora)).toBe(first)
    await platform.clock.advance(3_700_000)
    const second = await reserve(id, dora)
    expect(second).not.toBe(first)
    expect(platform.vault.claims.at(-1)).toMatchObject({ capabilityId: id, credentialId: second, generation: 2 })
  })
})
