import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, provider } from './platform.ts'

let platform: Platform
let ann: Person
let bearer: string
/** A line is free after a minute and a half, which is many turns of the sweeper, each with a question of the test. */
const IN_TIME = { timeout: 25_000, interval: 5 }
/** Each test has a number of its own. */
let number = 0

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  bearer = await provider(platform)
})
afterAll(() => platform.stop())

interface Line {
  readonly credentialId: string
  readonly nativeId: string
}

/** A credential that was handed this one line. */
async function line(nativeId = `line-${++number}`): Promise<Line> {
  const assets = [{ channel: 'chat', id: nativeId, name: 'Support' }]
  return { credentialId: await connected(platform, ann, { providerId: bearer, assets }), nativeId }
}

const attach = async ({ credentialId, nativeId }: Line, agent: string, more: { requestId?: string } = {}): Promise<string> => {
  const order = { credentialId, agent, channel: 'chat', nativeId, ...more }
  return (await ann.gateway.attachChannel(order, callAs(ann.principal))).consumer?.id ?? ''
}
const detach = (consumerId: string): Promise<unknown> => ann.gateway.detachChannel({ consumerId }, callAs(ann.principal))
const bindings = (id: string) => platform.vault.fence(id)?.channels.map(({ consumer, nativeId }) => [consumer, nativeId])

test('[S2-11] the vault knows the binding before the caller is answered, and forgets it before the line is free', async () => {
  const mine = await line()
  const id = await attach(mine, 'agent-1')
  expect(bindings(mine.credentialId)).toEqual([[id, mine.nativeId]])
  const release = platform.vault.hold('setAccess')
  const leaving = detach(id)
  await expect.poll(() => platform.vault.log.at(-1)).toBe('setAccess')
  const other = await line(mine.nativeId)
  expect(await codeOf(attach(other, 'agent-2'))).toBe('CHANNEL_TAKEN')
  release()
  await leaving
  expect(bindings(mine.credentialId)).toEqual([])
  expect(bindings(other.credentialId)).toEqual([])
  await detach(await attach(other, 'agent-2'))
})

test('[S2-11] repeated with its request id it is one attachment, and a detached one stays detached', async () => {
  const mine = await line()
  const requestId = 'attach-1'
  const ids = await Promise.all(Array.from({ length: 20 }, () => attach(mine, 'agent-3', { requestId })))
  expect(new Set(ids).size).toBe(1)
  expect(bindings(mine.credentialId)).toHaveLength(1)
  await detach(ids[0] ?? '')
  expect(await attach(mine, 'agent-3', { requestId })).toBe(ids[0])
  expect(bindings(mine.credentialId)).toEqual([])
})

test('[S2-11] an attach that the vault could not take is an error, holds its line, and is finished by the sweeper', async () => {
  const mine = await line()
  platform.vault.refuse('setAccess', 'UNAVAILABLE')
  expect(await codeOf(attach(mine, 'agent-4'))).not.toBe('no error')
  const other = await line(mine.nativeId)
  expect(await codeOf(attach(other, 'agent-5'))).toBe('CHANNEL_TAKEN')
  await expect.poll(() => platform.afterSweep(() => bindings(mine.credentialId))).toHaveLength(1)
  expect(await codeOf(attach(other, 'agent-5'))).toBe('CHANNEL_TAKEN')
})

test('[S2-11] a detach that the vault could not take keeps the line until it has, and the sweeper frees it', async () => {
  const mine = await line()
  const id = await attach(mine, 'agent-6')
  platform.vault.refuse('setAccess', 'UNAVAILABLE')
  expect(await codeOf(detach(id))).not.toBe('no error')
  const other = await line(mine.nativeId)
  expect(await codeOf(attach(other, 'agent-7'))).toBe('CHANNEL_TAKEN')
  const isFree = (): Promise<string> => platform.afterSweep(() => codeOf(attach(other, 'agent-7', { requestId: 'after-the-sweep' })))
  await expect.poll(isFree, IN_TIME).toBe('no error')
  expect(bindings(mine.credentialId)).toEqual([])
})

test('[S2-11] a claim whose maker died before there was a consumer is given up by the sweeper', async () => {
  const mine = await line()
  const held = platform.store.holdInsert('registry_consumers')
  const dying = codeOf(attach(mine, 'agent-8'))
  await held.reached
  const other = await line(mine.nativeId)
  expect(await codeOf(attach(other, 'agent-9'))).toBe('CHANNEL_TAKEN')
  const isFree = (): Promise<string> => platform.afterSweep(() => codeOf(attach(other, 'agent-9', { requestId: 'instead' })))
  await expect.poll(isFree, IN_TIME).toBe('no error')
  held.release()
  expect(await dying).toBe('CHANNEL_TAKEN')
  // Whoever comes back from the dead finds his claim gone: the line stays with its holder.
  expect(bindings(other.credentialId)).toHaveLength(1)
  expect(bindings(mine.credentialId)).toEqual([])
})

test('[S2-11] deleted in the moment of an attach, the credential leaves nobody on the line', async () => {
  const mine = await line()
  const held = platform.store.holdInsert('registry_consumers')
  const attaching = codeOf(attach(mine, 'agent-10'))
  await held.reached
  await ann.gateway.delete({ credentialId: mine.credentialId, force: true }, callAs(ann.principal))
  held.release()
  expect(await attaching).toBe('NOT_FOUND')
  await detach(await attach(await line(mine.nativeId), 'agent-10'))
})
