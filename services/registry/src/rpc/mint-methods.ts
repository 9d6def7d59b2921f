import type { MintOrder as MintOrderMessage, MintTarget as MintTargetMessage } from '@credence/proto/mint'
import { actorOf } from '../caller/actor.ts'
import { finishMint } from '../mint/finish-mint.ts'
import { type MintOrder, mintFence, type NamedTarget, prepareMint } from '../mint/prepare-mint.ts'
import { resolve } from '../mint/resolve.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'

/** Backends that authenticate their users, and callers who know a server by its name. */
export function mintMethods(registry: Registry): Methods<'prepareMint' | 'finishMint' | 'resolve'> {
  return {
    async prepareMint({ userEmail, force, serverNames, earlier }, context) {
      const actor = await actorOf(registry, context)
      const { user, targets } = await prepareMint(registry, actor, { userEmail, force, serverNames, earlier })
      return { user: { user: user.id, names: [...user.names] }, targets: targets.map(targetMessage) }
    },
    async finishMint({ order, candidateId, version, generation, plainFields }, context) {
      const { credentialId = '', providerVersion = 0, pattern = 0, generation: generationBefore = 0 } = order ?? {}
      const ordered = { credentialId, providerVersion, pattern, generationBefore }
      const doc = await finishMint(registry, await actorOf(registry, context), {
        ...ordered,
        candidateId,
        version,
        generation,
        plainFields,
      })
      return { authenticatedAt: doc.connectedAt ?? doc.createdAt }
    },
    async resolve({ serverName, userEmail }, context) {
      const doc = await resolve(registry, await actorOf(registry, context), { serverName, userEmail })
      return { credentialId: doc.id, providerId: doc.provider.id, status: doc.status }
    },
  }
}

function targetMessage(target: NamedTarget): MintTargetMessage {
  const { provider: providerId = '' } = target
  if ('refusal' in target) return { refusal: target.refusal, providerId }
  if ('authenticatedAt' in target) return { refusal: '', authenticatedAt: target.authenticatedAt, providerId }
  return { refusal: '', order: orderMessage(target.order), providerId }
}

function orderMessage(order: MintOrder): MintOrderMessage {
  const { credential, recipeId, provider, auth, plain, expectedVersion } = order
  return {
    credentialId: credential.id,
    recipeId,
    providerId: provider.id,
    providerVersion: provider.version,
    pattern: auth.pattern,
    headers: auth.headers.map((input) => ({ ...input, prefixes: [...input.prefixes], plain: plain.includes(input.field) })),
    access: mintFence(order),
    generation: credential.access.generation,
    expectedVersion,
  }
}
