import { CodedError } from '@credence/errors'
import type { Setup, SetupServiceClient } from '@credence/proto/setup'
import { callAs, type Principal, servicePrincipal } from '@credence/rpc'
import type { Doc } from '@credence/store'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { change } from '../src/documents/change.ts'
import { COLLECTIONS } from '../src/store/collections.ts'
import { codeOf, Platform } from './platform.ts'
import { found, lacking, payloadNamed } from './recording-verifier.ts'

let platform: Platform
let setups: SetupServiceClient
let ann: Principal
let count = 0
let name = ''

async function open(): Promise<void> {
  platform = await Platform.start()
  setups = platform.setups
  ann = (await platform.person('id:ann')).principal
}

beforeAll(open)
afterAll(() => platform.stop())
beforeEach(() => {
  name = `service${++count}`
})

const get = async (id: string): Promise<Setup> => {
  const { setup } = await setups.getSetup({ setupId: id }, callAs(ann))
  if (setup === undefined) throw new TypeError('a setup is answered')
  return setup
}
const start = async (service = name): Promise<string> => {
  const { results } = await setups.startSetups({ items: [{ service }] }, callAs(ann))
  return results[0]?.setup?.id ?? ''
}
const stateOf = async (id: string): Promise<string> => {
  const { state, needs, cause } = await get(id)
  return [state, needs || cause].filter((word) => word !== '').join(' ')
}
const reaches = (id: string, state: string) => expect.poll(() => stateOf(id), { interval: 5 }).toBe(state)
const guided = async (): Promise<string> => {
  platform.verifier.answer(name, found(name))
  const id = await start()
  await reaches(id, 'guided')
  return id
}
const asGateway = (): ReturnType<typeof callAs> => callAs(servicePrincipal('gateway', platform.project))
const report = (setupId: string, sessionId: string, event: string, cause = '') =>
  setups.reportSetup({ setupId, sessionId, event, cause, sentence: cause === '' ? '' : 'A sentence.' }, asGateway())
const session = (letter: string): string => `sess_${letter.repeat(26)}`

describe('research of a setup', () => {
  test('[S2-12] is done in the background, and its report is kept with the setup', async () => {
    const id = await start()
    await expect.poll(() => platform.verifier.asked.includes(name)).toBe(true)
    expect(await stateOf(id)).toBe('research')
    platform.verifier.answer(name, found(name))
    await reaches(id, 'guided')
    expect(await get(id)).toMatchObject({ name, source: 'documentation', providerVersion: 0, providerId: expect.stringMatching(/^prov_/) })
  })

  test('[S2-16] goes on after a restart, once, as if nothing had been', async () => {
    const id = await start()
    await expect.poll(() => platform.verifier.asked.filter((text) => text === name).length).toBe(1)
    await platform.stopRegistry()
    await platform.startRegistry()
    setups = platform.setups
    await expect.poll(() => platform.verifier.asked.filter((text) => text === name).length).toBe(2)
    platform.verifier.answer(name, found(name))
    await reaches(id, 'guided')
  })

  test('[S2-16] of a registry that died is taken up when its time is over, and not before', async () => {
    const id = await guided()
    const spec = COLLECTIONS.find((one) => one.name === 'registry_setups')
    const collection = await platform.store.collection<Doc & { state: string; text: string; researchDueAt?: Date }>(spec!)
    // What a dead process leaves: it was taken, and nobody gives a sign of life any more.
    const text = `${name}-left`
    const dueAt = new Date(platform.clock.now() + 15_000)
    await change(collection, id, (doc) => ({ ...doc, state: 'research', text, researchDueAt: dueAt }))
    await expect
      .poll(
        async () => {
          await platform.clock.advance(1_000)
          return platform.verifier.asked.includes(text)
        },
        { interval: 5 },
      )
      .toBe(true)
    expect(platform.clock.now()).toBeGreaterThanOrEqual(dueAt.getTime())
    platform.verifier.answer(text, found(name))
    await reaches(id, 'guided')
  })

  test('[S2-16] is asked again by itself where the verifier was away', async () => {
    platform.verifier.answer(name, new CodedError('UNAVAILABLE'), found(name))
    const id = await start()
    await expect
      .poll(async () => {
        await platform.clock.advance(1_000)
        return stateOf(id)
      })
      .toBe('guided')
  })

  test('[S2-12] that fails again and again ends with a question to the person, not with silence', async () => {
    platform.verifier.answer(name, ...Array.from({ length: 9 }, () => new CodedError('UNAVAILABLE')))
    const id = await start()
    await expect
      .poll(
        async () => {
          await platform.clock.advance(2_000)
          return stateOf(id)
        },
        { interval: 5 },
      )
      .toBe('research site')
    expect((await get(id)).cause).toBe('interrupted')
    platform.verifier.answer(`${name}.example`, found(name))
    await setups.reviseSetup({ setupId: id, service: `${name}.example` }, callAs(ann))
    await reaches(id, 'guided')
  })

  test('[S2-12] that lacks something asks for it; a payload by hand is judged like any other', async () => {
    platform.verifier.answer(name, lacking('https://x.example'))
    const id = await start()
    await reaches(id, 'research payload')
    const revise = (payload: Buffer) => setups.reviseSetup({ setupId: id, payloadJson: payload }, callAs(ann))
    expect(await codeOf(revise(Buffer.from('{"display_name": 7}')))).toBe('INVALID_PROVIDER')
    expect(await stateOf(id)).toBe('research payload')
    expect((await revise(payloadNamed(name))).setup).toMatchObject({ state: 'guided', source: 'person' })
  })

  test('of a setup that was cancelled or asked anew meanwhile is thrown away', async () => {
    const [cancelled, changed] = [await start(name), await start(`${name}b`)]
    await expect.poll(() => platform.verifier.asked.includes(`${name}b`)).toBe(true)
    await setups.cancelSetup({ setupId: cancelled }, callAs(ann))
    await setups.reviseSetup({ setupId: changed, service: `${name}c` }, callAs(ann))
    platform.verifier.answer(name, found(name))
    platform.verifier.answer(`${name}b`, found(`${name}b`))
    platform.verifier.answer(`${name}c`, found(`${name}c`))
    await expect
      .poll(async () => {
        await platform.clock.advance(5_000)
        return (await get(changed)).name
      })
      .toBe(`${name}c`)
    expect(await stateOf(cancelled)).toBe('cancelled')
  })
})

describe('saving the provider of a setup', () => {
  test('[S2-12] twice at once makes one provider, under the id that was reserved', async () => {
    const id = await guided()
    const reserved = (await get(id)).providerId
    const accept = () => setups.acceptSetup({ setupId: id }, callAs(ann))
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => codeOf(accept())))
    expect(outcomes.filter((code) => code !== 'SETUP_STEP' && code !== 'no error')).toEqual([])
    expect(await get(id)).toMatchObject({ state: 'connect', providerId: reserved, providerVersion: 1 })
    const { providers } = await platform.as('gateway').listProviders({ pageSize: 200 }, callAs(ann))
    expect(providers.filter(({ displayName }) => displayName === name).map(({ id: one }) => one)).toEqual([reserved])
  })

  test('[S2-12] [S2-16] is shared by two setups of one service that were asked for before either was saved', async () => {
    const [one, other] = [await guided(), await guided()]
    const saved: string[] = []
    for (const setupId of [one, other, other]) {
      const { setup } = await setups.acceptSetup({ setupId }, callAs(ann)).catch(() => ({ setup: undefined }))
      if (setup !== undefined) saved.push(`${setup.state} ${setup.providerId} ${setup.providerVersion}`)
    }
    expect(new Set(saved)).toEqual(new Set([`connect ${(await get(one)).providerId} 1`]))
    const { providers } = await platform.as('gateway').listProviders({ pageSize: 200 }, callAs(ann))
    expect(providers.filter(({ displayName }) => displayName === name)).toHaveLength(1)
  })

  test('[S2-12] that the project has already needs no scope for it, and makes none', async () => {
    const first = await guided()
    await setups.acceptSetup({ setupId: first }, callAs(ann))
    platform.verifier.answer(`${name}-again`, found(name))
    const { principal: member } = await platform.person('id:bob', ['sessions'])
    const { results } = await setups.startSetups({ items: [{ service: `${name}-again` }] }, callAs(member))
    const id = results[0]?.setup?.id ?? ''
    await reaches(id, 'guided')
    const { setup } = await setups.acceptSetup({ setupId: id }, callAs(member))
    expect(setup).toMatchObject({ state: 'connect', source: 'project', providerId: (await get(first)).providerId })
  })

  test('[S2-12] of a new one needs the scope, and a member is told who can', async () => {
    platform.verifier.answer(name, found(name))
    const { principal: member } = await platform.person('id:bob', ['sessions'])
    const { results } = await setups.startSetups({ items: [{ service: name }] }, callAs(member))
    const id = results[0]?.setup?.id ?? ''
    await reaches(id, 'guided')
    expect((await setups.getSetup({ setupId: id }, callAs(member))).setup?.needs).toBe('administrator')
    expect(await codeOf(setups.acceptSetup({ setupId: id }, callAs(member)))).toBe('SCOPE_REQUIRED')
    expect(await stateOf(id)).toBe('guided')
  })

  test('after another payload was given makes a new version of the same provider', async () => {
    const id = await guided()
    await setups.acceptSetup({ setupId: id }, callAs(ann))
    const other = Buffer.from(payloadNamed(name).toString().replace('"proxy_enabled":true', '"description":"More","proxy_enabled":true'))
    await setups.reviseSetup({ setupId: id, payloadJson: other }, callAs(ann))
    expect((await setups.acceptSetup({ setupId: id }, callAs(ann))).setup).toMatchObject({ state: 'connect', providerVersion: 2 })
  })
})

describe('the session of a setup', () => {
  test('[S2-15] is followed to verify and back; what another session tells changes nothing', async () => {
    const id = await guided()
    expect(await codeOf(report(id, session('1'), 'session'))).toBe('SETUP_STEP')
    await setups.acceptSetup({ setupId: id }, callAs(ann))
    await report(id, session('1'), 'session')
    await report(id, session('2'), 'verify')
    expect(await stateOf(id)).toBe('connect')
    await report(id, session('1'), 'verify')
    await report(id, session('1'), 'verify')
    expect(await stateOf(id)).toBe('verify')
    await report(id, session('2'), 'back', 'key_wrong')
    expect(await stateOf(id)).toBe('verify')
    await report(id, session('1'), 'back', 'key_wrong')
    await report(id, session('1'), 'back', 'key_wrong')
    expect(await get(id)).toMatchObject({ state: 'connect', cause: 'key_wrong', sentence: 'A sentence.', tries: 1 })
  })

  test('[S2-15] ends the setup in the very call that connects its credential', async () => {
    const id = await guided()
    const { setup } = await setups.acceptSetup({ setupId: id }, callAs(ann))
    await report(id, session('3'), 'session')
    await report(id, session('3'), 'verify')
    const { gateway, principal } = await platform.person('id:ann')
    const { credentialId } = await gateway.reserve({ providerId: setup?.providerId ?? '' }, callAs(principal))
    const candidateId = platform.vault.seal(credentialId, principal.project, {})
    const connect = () => gateway.connect({ credentialId, candidateId, sessionId: session('3'), verified: true }, callAs(principal))
    await connect()
    await connect()
    expect(await get(id)).toMatchObject({ state: 'done', credentialId })
    expect(await codeOf(setups.cancelSetup({ setupId: id }, callAs(ann)))).toBe('SETUP_STEP')
    const facts = await platform.heard('setup.moved', id, 4)
    expect(facts.map(({ data }) => data.status)).toEqual(['guided', 'connect', 'connect', 'verify', 'done'].slice(0, facts.length))
  })

  test('[S2-15] is done too where the sweeper finishes the connect, and no other credential comes into force for it', async () => {
    const id = await guided()
    const { setup } = await setups.acceptSetup({ setupId: id }, callAs(ann))
    await report(id, session('5'), 'session')
    await report(id, session('5'), 'verify')
    const { gateway, principal } = await platform.person('id:ann')
    const connect = async (): Promise<{ credentialId: string; code: string }> => {
      const { credentialId } = await gateway.reserve({ providerId: setup?.providerId ?? '' }, callAs(principal))
      const candidateId = platform.vault.seal(credentialId, principal.project, {})
      return {
        credentialId,
        code: await codeOf(gateway.connect({ credentialId, candidateId, sessionId: session('5'), verified: true }, callAs(principal))),
      }
    }
    platform.vault.refuse('promote', 'NOT_FOUND')
    expect((await connect()).code).toBe('NOT_FOUND')
    platform.vault.refuse('promote', 'UNAVAILABLE')
    const { credentialId, code } = await connect()
    expect(code).toBe('UNAVAILABLE')
    expect((await connect()).code).toBe('SETUP_STEP')
    platform.clock.jumpWall(120_000)
    await expect.poll(() => platform.afterSweep(() => stateOf(id))).toBe('done')
    expect(await get(id)).toMatchObject({ credentialId })
    expect((await connect()).code).toBe('SETUP_STEP')
  })

  test('[S2-15] that nobody tells the end of is brought back when no session can live that long', async () => {
    const id = await guided()
    await setups.acceptSetup({ setupId: id }, callAs(ann))
    await report(id, session('4'), 'session')
    await report(id, session('4'), 'verify')
    await platform.clock.advance(34 * 60_000)
    expect(await stateOf(id)).toBe('verify')
    await platform.clock.advance(2 * 60_000)
    await expect.poll(() => platform.afterSweep(() => stateOf(id))).toBe('connect interrupted')
  })
})

describe('a batch', () => {
  // Questions that the tests above leave open would take places from it.
  beforeAll(async () => {
    await platform.stop()
    await open()
  })

  test('[S2-16] of many does no more than a few at once, and all in the end', async () => {
    const services = Array.from({ length: 10 }, (_, i) => `${name}-${i}`)
    const { results } = await setups.startSetups({ items: services.map((service) => ({ service })) }, callAs(ann))
    await expect.poll(() => platform.verifier.asked.length).toBe(3)
    for (const service of services) platform.verifier.answer(service, found(service))
    for (const { setup } of results) await reaches(setup?.id ?? '', 'guided')
  })

  test('[S2-16] that is sent again under its key is the same batch, and another body under it is refused', async () => {
    const items = [{ service: `${name}a` }, { service: `token: ${name}-1234567` }, { service: `${name}b` }]
    const startMany = (list: typeof items) => setups.startSetups({ items: list, requestId: name }, callAs(ann))
    const [first, again] = [await startMany(items), await startMany(items)]
    expect(again.batchId).toBe(first.batchId)
    expect(again.results.map(({ setup }) => setup?.id)).toEqual(first.results.map(({ setup }) => setup?.id))
    expect(first.results[1]?.refusal?.code).toBe('SECRET_REFUSED')
    expect(await codeOf(startMany(items.slice(0, 2)))).toBe('IDEMPOTENCY_CONFLICT')
    const { setups: listed } = await setups.listSetups({ batchId: first.batchId }, callAs(ann))
    expect(listed.map(({ service }) => service).sort()).toEqual([`${name}a`, `${name}b`])
    for (const { service } of listed) platform.verifier.answer(service, found(service))
    for (const { id } of listed) await reaches(id, 'guided')
  })

  test('without an item, or with more than a person would write, is refused', async () => {
    expect(await codeOf(setups.startSetups({ items: [] }, callAs(ann)))).toBe('INVALID_REQUEST')
    const many = Array.from({ length: 51 }, () => ({ service: 'x' }))
    expect(await codeOf(setups.startSetups({ items: many }, callAs(ann)))).toBe('INVALID_REQUEST')
  })
})
