import { newId, ROLE_SCOPES } from '@credence/credential'
import type { Random } from '@credence/service'
import { insertOnce } from '../documents/change.ts'
import { INSTALLATION, type Installation } from '../project/project.ts'
import type { Collections } from '../store/collections.ts'
import { newKeySecret, withSecrets } from './key.ts'

const MAC_KEY_BYTES = 32

/**
 * Makes what an empty store lacks: the project "default" and one key with every scope. `firstKey` is its text, given by the
 * start that made it and by no other. Several processes may start at once; one of them makes the key.
 */
export async function firstStart(options: {
  readonly docs: Collections
  readonly random: Pick<Random, 'bytes'>
  readonly now: Date
}): Promise<{ installation: Installation; firstKey?: string }> {
  const { docs, random, now } = options
  const bytes = (count: number): Uint8Array => random.bytes(count)
  const proposed = { id: INSTALLATION, v: 1, project: newId('proj', bytes), key: newId('key', bytes), macKey: bytes(MAC_KEY_BYTES) }
  const { doc: installation } = await insertOnce<Installation>(docs.installation, proposed)
  const { project, key: keyId } = installation
  const settings = { returnUrls: [], origins: [], confirm: 'host', reconnectUrl: '' } as const
  await insertOnce(docs.projects, { id: project, v: 1, name: 'default', ...settings, createdAt: now })
  const { text, sha256 } = newKeySecret(random)
  const blank = {
    id: keyId,
    v: 1,
    project,
    label: 'first key',
    scopes: ROLE_SCOPES.owner,
    role: 'owner',
    createdAt: now,
    state: 'active',
    secrets: [],
    hashes: [],
    generation: 0,
  } as const
  const { inserted } = await insertOnce(docs.keys, withSecrets(blank, [{ sha256 }], now))
  return inserted ? { installation, firstKey: text } : { installation }
}
