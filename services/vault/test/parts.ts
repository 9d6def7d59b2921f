import { join } from 'node:path'
import { createEgress, type EgressOptions, type EgressSettings } from '@credence/egress'
import { CodedError } from '@credence/errors'
import { encodeRecipe, type Recipe } from '@credence/provider'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { type Principal, servicePrincipal } from '@credence/rpc'
import { createLogger, systemRandom } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { type DocumentStore, openSqliteStore } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import type { AppendFileOptions } from '../src/audit/append-file.ts'
import { openAuditLog } from '../src/audit/audit-log.ts'
import { openCapabilities } from '../src/capability/capability.ts'
import type { Child, TokenTimes } from '../src/credential/child.ts'
import { openChildren } from '../src/credential/children.ts'
import { openClients } from '../src/credential/client.ts'
import { createEnvelope } from '../src/credential/envelope.ts'
import { createFloors } from '../src/credential/floors.ts'
import { promote } from '../src/credential/promote.ts'
import { openRecipes } from '../src/credential/recipes.ts'
import type { RefreshContext } from '../src/credential/refresh-context.ts'
import { sealCandidate } from '../src/credential/seal.ts'
import { openInstances } from '../src/grant/instances.ts'
import { openPendingGrants, type PendingGrants } from '../src/grant/pending-grant.ts'
import { openSpill } from '../src/grant/spill.ts'
import type { Challenges } from '../src/identity/challenges.ts'
import { openFactRecords } from '../src/identity/fact-records.ts'
import { openKeyFile } from '../src/keys/key-file.ts'
import { openProjectKeys } from '../src/keys/project-keys.ts'
import { openSigningKeys, type SigningKeys } from '../src/signing/signing-keys.ts'
import { newCredential } from './connecting.ts'

export const PROJECT: string = `proj_${'0'.repeat(26)}`
export const order: Principal = servicePrincipal('vault', PROJECT)

export interface Parts extends RefreshContext {
  readonly pendingGrants: PendingGrants
  readonly signingKeys: SigningKeys
  readonly clock: TestClock
  readonly home: ReturnType<typeof tempHome>
  readonly store: DocumentStore
  close(): Promise<void>
}

export interface PartsOptions extends Partial<Pick<EgressOptions, 'resolver' | 'connect'>> {
  readonly egress?: EgressSettings
  readonly openAudit?: AppendFileOptions['open']
  /** A replica: the same store, key and time, and a volume of its own. */
  readonly beside?: Parts
  readonly fenceMaxAgeMs?: number
  /** Absent: a verifier that is away. */
  readonly challenges?: Challenges
}

/** A disk of the tests may be as slow as it likes, where its slowness is not what they are about. */
const AUDIT_DEADLINE_MS = 60_000

/** The vault’s own parts without its edges, for what only a sick disk, a slow network or a second replica can show. */
export async function openParts(options: PartsOptions = {}): Promise<Parts> {
  const { egress: settings = { allow: [], resolve: [] }, openAudit, beside, fenceMaxAgeMs = 0, ...network } = options
  const home = beside?.home ?? tempHome()
  const clock = beside?.clock ?? new TestClock()
  const random = systemRandom
  const log = createLogger({ service: 'vault', level: 'silent' })
  const folder = join(home.path, beside === undefined ? 'vault' : 'replica')
  const key = Buffer.alloc(32, 1)
  const store = beside?.store ?? (await openSqliteStore({ file: join(home.path, 'data.sqlite'), random }))
  const keys = await openProjectKeys({
    store,
    root: openKeyFile({ file: join(home.path, 'key'), random }),
    clock,
    random,
    isReplicated: fenceMaxAgeMs > 0,
  })
  const envelope = createEnvelope(keys, random)
  const floors = createFloors([])
  const spill = await openSpill({ folder, instance: 'vault', key, clock, random })
  const instances = await openInstances({ folder, store, clock, random, log, times: DEFAULT_REFRESH_TIMES })
  const opened = await openAuditLog({
    folder,
    instance: 'vault',
    key,
    clock,
    deadlineMs: AUDIT_DEADLINE_MS,
    ...(openAudit === undefined ? {} : { open: openAudit }),
  })
  const egress = createEgress({ settings, clock, random, ...network })
  return {
    children: await openChildren(store, floors),
    recipes: await openRecipes(store),
    clients: await openClients(store, envelope, keys),
    capabilities: await openCapabilities({ store, macKey: key, floors }),
    challenges: options.challenges ?? { open: () => Promise.reject(new CodedError('UNAVAILABLE')) },
    factRecords: await openFactRecords({ store, key, now: () => clock.now() }),
    pendingGrants: await openPendingGrants(store),
    signingKeys: await openSigningKeys({ store, envelope, keys, clock, random }),
    envelope,
    keys,
    floors,
    audit: opened.log,
    egress,
    clock,
    home,
    store,
    random,
    metrics: unmeasured,
    spill,
    instances,
    digestKey: key,
    reconnectUrl: (id) => `https://credence.example/r/${id}`,
    fenceMaxAgeMs,
    failpoint: () => undefined,
    nudge: () => undefined,
    refreshTimes: DEFAULT_REFRESH_TIMES,
    async close() {
      await egress.close()
      await instances.stop(true)
      await Promise.all([opened.log.close(), spill.close()])
      if (beside !== undefined) return
      await store.close()
      home.remove()
    },
  }
}

/** A secret in force; answers its child. */
export async function inForce(parts: Parts, recipe: Recipe, secret: Readonly<Record<string, string>>, token?: TokenTimes): Promise<Child> {
  const { id: recipeId, bytes } = encodeRecipe(recipe)
  await parts.recipes.put(recipeId, bytes, PROJECT)
  const credentialId = newCredential()
  const candidateId = `cand_${'0'.repeat(26)}`
  const values = new Map(Object.entries(secret).map(([name, value]) => [name, Buffer.from(value)]))
  const candidate = { credentialId, candidateId, recipeId, recipe, plain: {}, secret: values, ...(token === undefined ? {} : { token }) }
  await sealCandidate(parts, order, candidate)
  const fence = { generation: 1, state: 'active' as const, reason: '', owner: ['id:ann'], shares: [] }
  return promote(parts, order, { credentialId, candidateId, fence })
}
