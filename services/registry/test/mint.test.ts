import type { MintOrder, MintTarget } from '@credence/proto/mint'
import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeOf, type Person, Platform, payload } from './platform.ts'

let platform: Platform
let backend: Person
let serverName = ''
let count = 0

beforeAll(async () => {
  platform = await Platform.start()
  backend = await platform.person('id:backend')
})
afterAll(() => platform.stop())
beforeEach(async () => {
  serverName = `Server ${++count}`
  const payloadJson = Buffer.from(payload('bearer').toString().replace('My Bearer Token Provider', serverName))
  await backend.gateway.createProvider({ payloadJson }, callAs(backend.principal))
})

async function prepare(force = false, userEmail = 'ann@example.com'): Promise<MintTarget> {
  const { targets } = await backend.gateway.prepareMint({ userEmail, force, serverNames: [serverName] }, callAs(backend.principal))
  const [target] = targets
  if (target === undefined) throw new TypeError('no target')
  return target
}

async function orderFor(force = false): Promise<MintOrder> {
  const { order } = await prepare(force)
  if (order === undefined) throw new TypeError('nothing is to be stored')
  return order
}

/** What the vault does for an order. */
function put(order: MintOrder) {
  if (order.access === undefined) throw new TypeError('an order without a fence')
  return { order, ...platform.vault.putInForce(order.credentialId, platform.project, order.access), plainFields: {} }
}

const finish = (minted: ReturnType<typeof put>) => backend.gateway.finishMint(minted, callAs(backend.principal))
const ann = () => platform.person('email:ann@example.com')

describe('a mint that stopped after the vault had the secret', () => {
  test('[S3-8] is not seen, and the next one has the same id and finishes it', async () => {
    const order = await orderFor()
    const stopped = put(order)
    const { gateway, principal } = await ann()
    expect(await codeOf(gateway.get({ credentialId: order.credentialId }, callAs(principal)))).toBe('NOT_FOUND')
    const again = await orderFor()
    expect([again.credentialId, again.expectedVersion]).toEqual([order.credentialId, 0])
    const { authenticatedAt } = await finish({ ...stopped, order: again })
    expect((await prepare()).authenticatedAt).toEqual(authenticatedAt)
    const [created] = await platform.heard('credential.created', order.credentialId)
    expect(created?.data).toMatchObject({ version: 1, level: 'user' })
  })

  test('[S3-8] finished twice, and after a newer one, changes nothing', async () => {
    const first = put(await orderFor())
    await finish(first)
    const second = put(await orderFor(true))
    const { authenticatedAt } = await finish(second)
    expect(await finish(first)).toMatchObject({ authenticatedAt })
    await finish(second)
    expect(await platform.heard('credential.connected', first.order.credentialId)).toHaveLength(1)
  })

  test('[S3-8] [S2-3] a disable that met the vault ahead of the parent goes past it', async () => {
    const first = put(await orderFor())
    await finish(first)
    const { credentialId } = first.order
    // Two replacements whose ends never came: the vault is two generations ahead.
    put(await orderFor(true))
    platform.vault.putInForce(credentialId, platform.project, { ...(await orderFor(true)).access!, generation: 4 })
    const { gateway, principal } = await ann()
    expect((await gateway.disable({ credentialId }, callAs(principal))).credential?.status).toBe('disabled')
    expect(platform.vault.fence(credentialId)).toMatchObject({ state: 'disabled', generation: 5 })
  })

  test('[S3-3] a disable in the same moment wins', async () => {
    const first = put(await orderFor())
    await finish(first)
    const order = await orderFor(true)
    const { gateway, principal } = await ann()
    await gateway.disable({ credentialId: order.credentialId }, callAs(principal))
    await finish({ ...first, order, version: 2, generation: 2 })
    const { credential } = await gateway.get({ credentialId: order.credentialId }, callAs(principal))
    expect(credential?.status).toBe('disabled')
    expect(platform.vault.fence(order.credentialId)?.state).toBe('disabled')
    expect(await prepare(true)).toMatchObject({ refusal: expect.stringContaining('enable it first') })
  })
})

describe('a slot', () => {
  test('[S2-4] is one for however many ask at once, and another for another user', async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, () => orderFor()))
    expect(new Set(orders.map(({ credentialId }) => credentialId)).size).toBe(1)
    const other = await prepare(false, 'bob@example.com')
    expect(other.order?.credentialId).not.toBe(orders[0]?.credentialId)
  })

  test('[S2-4] is reconnected by a session that asks for it, and is free again when its credential was deleted', async () => {
    const minted = put(await orderFor())
    await finish(minted)
    const { gateway, principal } = await ann()
    const { providerId } = minted.order
    const reserved = await gateway.reserve({ providerId, slot: true }, callAs(principal))
    expect([reserved.credentialId, reserved.reconnect]).toEqual([minted.order.credentialId, true])
    expect((await gateway.reserve({ providerId }, callAs(principal))).credentialId).not.toBe(minted.order.credentialId)
    await gateway.delete({ credentialId: minted.order.credentialId }, callAs(principal))
    const slots = await Promise.all(Array.from({ length: 10 }, () => gateway.reserve({ providerId, slot: true }, callAs(principal))))
    expect(new Set(slots.map(({ credentialId }) => credentialId)).size).toBe(1)
    expect(slots[0]?.reconnect).toBe(false)
  })

  test('[S3-9] needs the scope `mint`', async () => {
    const member = await platform.person('id:member', ['use', 'act_for', 'credentials.write'])
    const wanted = { userEmail: 'ann@example.com', force: false, serverNames: [serverName] }
    expect(await codeOf(member.gateway.prepareMint(wanted, callAs(member.principal)))).toBe('SCOPE_REQUIRED')
  })
})
