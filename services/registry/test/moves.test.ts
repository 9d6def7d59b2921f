import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connected, type Person, Platform, payload, provider } from './platform.ts'

let platform: Platform
let admin: Person

beforeAll(async () => {
  platform = await Platform.start()
  admin = await platform.person('id:administrator')
})
afterAll(() => platform.stop())

const PATIENCE_MS = 10_000
/** Without a sign of life for so long, a move is taken for left behind. */
const STOPPED_MS = 90_000
/** More than the vault is asked for together, so that some of them wait. */
const MANY = 20

const versionOf = async (credentialId: string): Promise<number | undefined> =>
  (await admin.gateway.get({ credentialId }, callAs(admin.principal))).credential?.providerVersion

const versionsOf = async (credentialIds: readonly string[]): Promise<number[]> => {
  const versions = await Promise.all(credentialIds.map(versionOf))
  return [...new Set(versions.map((version) => version ?? 0))]
}

async function withCredentials(count: number): Promise<{ providerId: string; credentialIds: string[] }> {
  const providerId = await provider(platform)
  const ids: string[] = []
  for (let made = 0; made < count; made++) ids.push(await connected(platform, admin, { providerId }))
  return { providerId, credentialIds: ids }
}

/** An update that changes nothing for the credentials but their version. */
const update = (providerId: string) => admin.gateway.updateProvider({ providerId, payloadJson: payload('bearer') }, callAs(admin.principal))

/** Asks for the update, and gives its answer once the vault was asked and the caller has waited as long as he does. */
async function impatient(providerId: string) {
  const asked = platform.vault.log.length
  const answer = update(providerId)
  await expect.poll(() => platform.vault.log.slice(asked)).toContain('setAccess')
  await platform.clock.advance(PATIENCE_MS)
  return answer
}

describe('[S1-10] the move of live credentials to a new version', () => {
  test('is over when the update is answered', async () => {
    const { providerId, credentialIds } = await withCredentials(MANY)
    expect(await update(providerId)).toMatchObject({ moved: MANY, kept: 0, moving: false })
    expect(await versionsOf(credentialIds)).toEqual([2])
  })

  test('that takes longer than a caller waits goes on behind the answer', async () => {
    const { providerId, credentialIds } = await withCredentials(MANY)
    const release = platform.vault.hold('setAccess')
    expect(await impatient(providerId)).toMatchObject({ provider: { version: 2 }, moved: MANY, moving: true })
    expect(await versionsOf(credentialIds)).toEqual([1])
    release()
    await expect.poll(() => versionsOf(credentialIds)).toEqual([2])
  })

  test('holds up no other work of the sweeper', async () => {
    const { providerId, credentialIds } = await withCredentials(1)
    const [other = ''] = (await withCredentials(1)).credentialIds
    platform.vault.refuse('setAccess', 'AUDIT_UNAVAILABLE')
    expect(await update(providerId)).toMatchObject({ moved: 1, moving: true })
    const release = platform.vault.hold('setAccess')
    const asked = platform.vault.log.length
    await platform.clock.advance(STOPPED_MS)
    await expect.poll(() => platform.afterSweep(() => platform.vault.log.slice(asked))).toContain('setAccess')
    const orders = platform.vault.orders.length
    const disabled = admin.gateway.disable({ credentialId: other }, callAs(admin.principal))
    // The sweeper that still goes its turn may push the same fence in its own name.
    const ofCaller = () => platform.vault.orders.slice(orders).filter(({ principal }) => principal.subject === admin.principal.subject)
    await expect.poll(() => ofCaller().map(({ method }) => method)).toEqual(['setAccess'])
    release()
    await disabled
    await expect.poll(() => versionsOf(credentialIds)).toEqual([2])
  })

  test('gives way to a newer version', async () => {
    const { providerId, credentialIds } = await withCredentials(MANY)
    const release = platform.vault.hold('setAccess')
    const asked = platform.vault.log.length
    await impatient(providerId)
    const newer = update(providerId)
    const newest = () => admin.gateway.getProvider({ providerId }, callAs(admin.principal))
    await expect.poll(newest).toMatchObject({ provider: { version: 3 } })
    release()
    expect(await newer).toMatchObject({ provider: { version: 3 }, moved: MANY, moving: false })
    expect(await versionsOf(credentialIds)).toEqual([3])
    expect(platform.vault.log.slice(asked).filter((call) => call === 'setAccess').length).toBeLessThan(2 * MANY)
  })

  test('is taken up by the next start where a stop left it', async () => {
    const { providerId, credentialIds } = await withCredentials(MANY)
    const release = platform.vault.hold('setAccess')
    await impatient(providerId)
    const stopped = platform.stopRegistry()
    release()
    await stopped
    await platform.startRegistry()
    admin = await platform.person('id:administrator')
    expect(await versionsOf(credentialIds)).toContain(1)
    await platform.clock.advance(STOPPED_MS)
    await expect.poll(() => platform.afterSweep(() => versionsOf(credentialIds))).toEqual([2])
  })
})
