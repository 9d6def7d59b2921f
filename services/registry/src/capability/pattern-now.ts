import { CodedError } from '@credence/errors'
import { patternMoves } from '@credence/provider'
import { findProvider, savedPayload, versionOf } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'
import type { CapabilityDoc } from './capability.ts'

/**
 * Where the pattern of a capability stands in the newest version of its provider, which a conversation connects with. Throws
 * INVALID_REQUEST when it is gone: somebody has to decide what takes its place.
 */
export async function patternNow(registry: Registry, { provider, project }: Pick<CapabilityDoc, 'provider' | 'project'>): Promise<number> {
  const head = await findProvider(registry, { project, anyProject: false }, provider.id)
  if (head.version === provider.version) return provider.pattern
  const was = savedPayload(await versionOf(registry, head, provider.version))
  const to = patternMoves(was, savedPayload(head))[provider.pattern]?.to
  if (to !== undefined) return to
  throw new CodedError('INVALID_REQUEST', 'The provider no longer has the pattern of this capability: save the capability anew.')
}
