import { join } from 'node:path'
import { createEgress, type EgressSettings } from '@credence/egress'
import { encodeRecipe, type Recipe } from '@credence/provider'
import { DEFAULT_REFRESH_TIMES } from '@credence/refresh-protocol'
import { type Principal, servicePrincipal } from '@credence/rpc'
import { createLogger, systemRandom } from '@credence/service'
import { openSqliteStore } from '@credence/store'
import { TestClock, tempHome } from '@credence/testkit'
import type { AppendFileOptions } from '../src/audit/append-file.ts'
import { openAuditLog } from '../src/audit/audit-log.ts'
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
import { openKeyFile } from '../src/keys/key-file.ts'
import { openProjectKeys } from '../src/keys/project-keys.ts'
import { newCredential } from './connecting.ts'

export const PROJECT: string = `proj_${'0'.repeat(26)}`
export const order: Principal = servicePrincipal('vault', PROJECT)

export interface Parts extends RefreshContext {
  readonly pendingGrants: PendingGrants
  readonly clock: TestClock
  close(): Promise<void>
}

/** The vault’s own parts without its edges, for what only a sick disk under the audit log can show. */
export async function openParts(options: { egress?: EgressSettings; openAudit?: AppendFileOptions['open'] } = {}): Promise<Parts> {
  const { egress: settings = { allow: [], resolve: [] }, openAudit } = options
  const home = tempHome()
  const clock = new TestClock()
  const random = systemRandom
  const log = createLogger({ service: 'vault', level: 'silent' })
  const folder = join(home.path, 'vault')
  const key = Buffer.alloc(32, 1)
  const store = await openSqliteStore({ file: join(home.path, 'data.sqlite'), random })
  const keys = await openProjectKeys({
    store,
    root: openKeyFile({ file: join(home.path, 'key'), random }),
    clock,
    random,
    isReplicated: false,
  })
  const envelope = createEnvelope(keys, random)
  const floors = createFloors([])
  const spill = await openSpill({ folder, instance: 'vault', key, clock, random })
  const instances = await openInstances({ folder, store, clock, random, log, times: DEFAULT_REFRESH_TIMES })
  const opened = await openAuditLog({ folder, instance: 'vault', key, clock, ...(openAudit === undefined ? {} : { open: openAudit }) })
  const egress = createEgress({ settings, clock, random })
  return {
    children: await openChildren(store, floors),
    recipes: await openRecipes(store),
    clients: await openClients(store, envelope, keys),
    pendingGrants: await openPendingGrants(store),
    envelope,
    keys,
    floors,
    audit: opened.log,
    egress,
    clock,
    random,
    spill,
    instances,
    digestKey: key,
    reconnectUrl: (id) => `https://credence.example/r/${id}`,
    fenceMaxAgeMs: 0,
    failpoint: () => undefined,
    nudge: () => undefined,
    refreshTimes: DEFAULT_REFRESH_TIMES,
    async close() {
      await egress.close()
      await instances.stop(true)
      await Promise.all([opened.log.close(), spill.close()])
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
