import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { Socket } from 'node:net'
import { isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AppendHandle } from '../src/audit/append-file.ts'
import { openCallers } from '../src/caller/caller.ts'
import { setCapability, setClaim } from '../src/capability/set-capability.ts'
import { createRefresh } from '../src/credential/refresh.ts'
import { type SendContext, send } from '../src/credential/send.ts'
import { setAccess } from '../src/credential/set-access.ts'
import { BEARER, recipeWith } from './connecting.ts'
import { type Outside, startOutside } from './outside.ts'
import { inForce, openParts, order, type Parts, type PartsOptions, PROJECT } from './parts.ts'

const FENCE_MAX_AGE_MS = 250
/** How long whoever restricts waits for what other replicas have read. */
const AGED_OUT_MS = 1.2 * FENCE_MAX_AGE_MS
const CALLS = 8
const KEY = `crd_${'k'.repeat(43)}`
const caller = {
  project: PROJECT,
  keyId: `key_${'0'.repeat(26)}`,
  scopes: ['use', 'act_for'],
  roles: [],
  state: 'active',
  generation: 1,
} as const
const CAPABILITY = `cap_${'0'.repeat(26)}`
const CLAIMED = `cap_${'1'.repeat(26)}`
const FREE = { level: 'none', facts: [], consent: false } as const
const disabled = { generation: 2, state: 'disabled', reason: 'disabled_by_caller', owner: ['id:ann'], shares: [] } as const

const gated = { generation: 2, state: 'active', reason: '', owner: ['id:ann'], shares: [], gates: [CAPABILITY] } as const

function capability(members: Partial<Parameters<typeof setCapability>[2]>): Parameters<typeof setCapability>[2] {
  const blank = { id: CAPABILITY, generation: 1, state: 'active', mode: 'full_access', methods: [], paths: [], gate: FREE } as const
  return { ...blank, credentialId: '', recipe: '', ...members }
}

/** Where something waits until it is let go. */
class Hold {
  waiting = 0
  #isShut = false
  #gone = Promise.withResolvers<void>()

  shut(): void {
    this.#isShut = true
    this.#gone = Promise.withResolvers()
  }

  open(): void {
    this.#isShut = false
    this.#gone.resolve()
  }

  async pass(): Promise<void> {
    if (!this.#isShut) return
    this.waiting++
    await this.#gone.promise
  }
}

/** What a call passes between the read of its fence and the socket, each made slow. */
const STAGES: Readonly<Record<string, (hold: Hold) => PartsOptions>> = {
  'the durable audit record': (hold) => ({
    async openAudit(path) {
      const file = await open(path, 'a+')
      return {
        stat: file.stat.bind(file),
        read: file.read.bind(file),
        truncate: file.truncate.bind(file),
        appendFile: file.appendFile.bind(file),
        datasync: () => hold.pass().then(() => file.datasync()),
        close: file.close.bind(file),
      } as AppendHandle
    },
  }),
  DNS: (hold) => ({ resolver: () => hold.pass().then(() => ['127.0.0.1']) }),
  'the connection': (hold) => ({
    connect({ address, port }) {
      const socket = new Socket()
      void hold.pass().then(() => socket.connect(port, address))
      return socket
    },
  }),
}

describe.each(Object.entries(STAGES))('[S2-3] [S2-5] a use at one replica that waits for %s', (name, stage) => {
  let outside: Outside
  let here: Parts
  let there: Parts
  const hold = new Hold()
  let calling: SendContext
  let credentialId: string
  let ann: Principal
  let revokeKey: () => Promise<void>

  beforeEach(async () => {
    outside = await startOutside()
    // Named with its port, the API is looked up like any other host.
    const egress = { ...outside.egress, resolve: [] }
    here = await openParts({ egress, fenceMaxAgeMs: FENCE_MAX_AGE_MS })
    there = await openParts({
      egress,
      fenceMaxAgeMs: FENCE_MAX_AGE_MS,
      beside: here,
      resolver: async () => ['127.0.0.1'],
      ...stage(hold),
    })
    const recipe = recipeWith(BEARER, { proxy_url: `https://api.example.com:${outside.gate.port}` })
    credentialId = (await inForce(here, recipe, { token: 'tok-1234567890' })).id
    await setCapability(here, order, capability({ credentialId }))
    await setCapability(here, order, capability({ id: CLAIMED, mode: 'external_oauth' }))
    await setClaim(here, order, { capability: CLAIMED, names: ['id:ann'], credentialId, generation: 1 })
    const keys = { store: here.store, macKey: Buffer.alloc(32), clock: here.clock, maxAgeMs: FENCE_MAX_AGE_MS }
    const [made, callers] = [await openCallers(keys), await openCallers(keys)]
    await made.set(createHash('sha256').update(KEY).digest(), caller)
    revokeKey = () => made.set(createHash('sha256').update(KEY).digest(), { ...caller, state: 'revoked', generation: 2 })
    ann = await callers.authenticate({ authorization: `Bearer ${KEY}`, user: 'id:ann' }, 'http')
    calling = { ...there, refresh: createRefresh(there).refresh, callers, maxRequestBytes: 1_024 }
  })
  afterEach(async () => {
    hold.open()
    await there.close()
    await here.close()
    await outside.close()
  })

  const call = (through: string): Promise<string> =>
    send(calling, ann, {
      credentialId: through === '' ? credentialId : through,
      method: 'GET',
      path: '/held',
      consumer: '',
      headers: [],
      noReplay: false,
      signal: AbortSignal.timeout(20_000),
    }).then(
      (answer) => {
        answer.body.resume()
        return String(answer.status)
      },
      (error: unknown) => (isCoded(error) ? error.code : String(error)),
    )
  const held = async (through = ''): Promise<readonly Promise<string>[]> => {
    hold.waiting = 0
    hold.shut()
    const calls = Array.from({ length: CALLS }, () => call(through))
    // The audit syncs them together.
    await expect.poll(() => hold.waiting).toBeGreaterThanOrEqual(name === 'the durable audit record' ? 1 : CALLS)
    return calls
  }

  const elsewhere = `cred_${'0'.repeat(26)}`
  const restrictions: readonly (readonly [string, () => Promise<void>, string, string])[] = [
    ['it is disabled', () => setAccess(here, order, { credentialId, fence: disabled }), 'CREDENTIAL_DISABLED', ''],
    ['its key is revoked', () => revokeKey(), 'UNAUTHENTICATED', ''],
    ['a gate stands before it', () => setAccess(here, order, { credentialId, fence: gated }), 'CAPABILITY_REQUIRED', ''],
    [
      'its capability allows less',
      () => setCapability(here, order, capability({ credentialId, generation: 2, paths: ['/other'] })),
      'PATH_REFUSED',
      CAPABILITY,
    ],
    [
      'its capability is deleted',
      () => setCapability(here, order, capability({ credentialId, generation: 2, state: 'deleted' })),
      'NOT_FOUND',
      CAPABILITY,
    ],
    [
      'the customer granted another',
      () => setClaim(here, order, { capability: CLAIMED, names: ['id:ann'], credentialId: elsewhere, generation: 2 }),
      'CONNECT_REQUIRED',
      CLAIMED,
    ],
  ]

  test.each(restrictions)('does not begin after another replica has answered that %s', async (_what, restrict, code, through) => {
    const calls = await held(through)
    const restricting = restrict()
    await expect.poll(() => here.clock.sleepingFor(AGED_OUT_MS)).toBe(1)
    await here.clock.advance(AGED_OUT_MS)
    await restricting
    hold.open()
    expect(new Set(await Promise.all(calls))).toEqual(new Set([code]))
    expect(outside.api.requests).toEqual([])
  })

  test('reads its fence again when it has waited too long, and begins once', async () => {
    const calls = await held()
    await here.clock.advance(AGED_OUT_MS)
    hold.open()
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['200']))
    expect(outside.api.requests).toHaveLength(CALLS)
  })
})
