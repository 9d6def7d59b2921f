import { isCoded } from '@credence/errors'
import type { Stored } from '@credence/store'
import { ownOrder } from '../caller/actor.ts'
import { change } from '../documents/change.ts'
import { scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import { notHeldYet } from '../vault/not-held-yet.ts'
import { endOf, type KeyDoc } from './key.ts'

/**
 * Tells the vault every secret of the key and marks that it holds them. Repeating it is safe. Throws what `notHeldYet` makes
 * of a vault that did not take it; the key stays pending and the sweeper tries again.
 */
export async function pushKey(registry: Registry, key: Stored<KeyDoc>): Promise<void> {
  try {
    await Promise.all(key.secrets.map((secret) => pushSecret(registry, key, secret)))
  } catch (error) {
    throw notHeldYet(error)
  }
  await change(registry.docs.keys, key.id, (doc) => {
    const held = doc.generation === key.generation && doc.pendingSince !== undefined
    return held ? { ...doc, pendingSince: undefined } : undefined
  })
}

/** Tells the vault every key there is: a vault that was set up anew knows its callers again. */
export async function pushAllKeys(registry: Registry): Promise<void> {
  for await (const project of scan(registry.docs.projects, { index: 'created', prefix: [], timeOf: (doc) => doc.createdAt })) {
    const keys = scan(registry.docs.keys, { index: 'project', prefix: [project.id], timeOf: (doc) => doc.createdAt })
    for await (const key of keys) await pushKey(registry, key)
  }
}

async function pushSecret(registry: Registry, key: KeyDoc, secret: KeyDoc['secrets'][number]): Promise<void> {
  const push = registry.vault.setCaller(ownOrder(key.project), {
    keySha256: Buffer.from(secret.sha256, 'hex'),
    keyId: key.id,
    scopes: [...key.scopes],
    roles: [key.role],
    state: key.state,
    expiresAt: endOf(key, secret),
    generation: key.generation,
  })
  await push.catch(async (error: unknown) => {
    if (!isCoded(error, 'CONFLICT')) throw error
    // A newer generation was derived from this one, so what this one takes away is taken away there as well.
    const latest = await registry.docs.keys.get(key.id, { fresh: true })
    if (latest === undefined || latest.generation <= key.generation) throw error
  })
}
