import { afterEach, beforeEach, expect, test } from 'vitest'
import { startInProcess } from '../support/in-process.ts'
import { MARA, type NativeScene, NUMBER, PAGE_ID, startNativeScene } from '../support/native-scene.ts'
import { factOf, refusalOf } from '../support/scene.ts'
import { ShiftedClock } from '../torture/cluster/shifted-clock.ts'

const DAY_MS = 86_400_000
const WHATSAPP = JSON.stringify({ messaging_product: 'whatsapp', to: '+49', type: 'text', text: { body: 'day by day' } })

let clock: ShiftedClock
let scene: NativeScene
beforeEach(async () => {
  clock = new ShiftedClock()
  scene = await startNativeScene({ clock }, { start: (options) => startInProcess(clock, options) })
}, 60_000)
afterEach(() => scene.close())

const daysLeft = async (id: string): Promise<number> =>
  (((await scene.ann.credentials.get(id)).expiresAt?.getTime() ?? 0) - clock.now()) / DAY_MS
const exchanges = (): number => scene.graph.requests.filter((line) => line.endsWith('/oauth/access_token')).length

/** A day that passes, and what the platform then does by itself. */
async function untilRenewed(id: string, beyondDays: number): Promise<void> {
  await expect.poll(() => daysLeft(id), { timeout: 20_000, interval: 50 }).toBeGreaterThan(beyondDays)
}

test('[S2-10] [S2-8] a grant of sixty days is renewed before its end, again and again, and its channels go on with the new token', async () => {
  const { id } = await scene.connect()
  const consumer = (await scene.ann.channels.attach({ credentialId: id, agent: 'a', channel: 'whatsapp', nativeId: NUMBER })).id
  const page = (await scene.ann.channels.attach({ credentialId: id, agent: 'a', channel: 'messenger', nativeId: PAGE_ID })).id
  const send = async (): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    expect((await scene.ann.fetch(id, `/${NUMBER}/messages`, { method: 'POST', headers, body: WHATSAPP, consumer })).status).toBe(200)
    return scene.graph.sent.at(-1)?.token ?? ''
  }
  const first = await send()
  expect(await daysLeft(id)).toBeCloseTo(60, 0)
  for (let renewals = 1; renewals <= 3; renewals++) {
    // Four fifths of sixty days are the latest that a renewal is planned for.
    clock.shift(48.1 * DAY_MS)
    await untilRenewed(id, 50)
    expect(await send()).not.toBe(first)
  }
  const direct = JSON.stringify({ recipient: { id: '7' }, message: { text: 'still here' } })
  const headers = { 'content-type': 'application/json' }
  expect((await scene.ann.fetch(id, '/me/messages', { method: 'POST', headers, body: direct, consumer: page })).status).toBe(200)
  expect(await scene.ann.credentials.get(id)).toMatchObject({ status: 'active' })
}, 60_000)

test('[S2-10] an API in trouble costs nothing: the renewal is tried again until it succeeds', async () => {
  const { id } = await scene.connect()
  const before = exchanges()
  scene.graph.trouble('throttled', 2)
  clock.shift(48.1 * DAY_MS)
  await expect.poll(exchanges, { timeout: 20_000, interval: 50 }).toBeGreaterThan(before)
  expect((await scene.ann.credentials.get(id)).status).toBe('active')
  const anHourLater = async (): Promise<number> => {
    clock.shift(DAY_MS / 24)
    return daysLeft(id)
  }
  await expect.poll(anHourLater, { timeout: 20_000, interval: 200 }).toBeGreaterThan(50)
}, 60_000)

test('[S2-10] who was away beyond day sixty is told to reconnect, and comes back under the same id', async () => {
  const { id } = await scene.connect()
  clock.shift(61 * DAY_MS)
  const fact = await factOf(scene, 'credential.expired', id)
  expect(fact.data.reconnect_url).toContain(`/r/${id}`)
  expect((await refusalOf(scene.ann.fetch(id, '/me'))).code).toBe('CREDENTIAL_EXPIRED')
  scene.graph.signIn(MARA)
  expect(await scene.connect({ credentialId: id })).toMatchObject({ id, status: 'active' })
  expect((await scene.ann.fetch(id, '/me')).status).toBe(200)
}, 60_000)
