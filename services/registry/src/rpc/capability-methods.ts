import { CodedError } from '@credence/errors'
import type { Capability } from '@credence/proto/capability'
import { actorOf } from '../caller/actor.ts'
import { customersCapability, grantedTo } from '../capability/customer-claim.ts'
import { deleteCapability } from '../capability/delete-capability.ts'
import { patternNow } from '../capability/pattern-now.ts'
import { getCapability, listCapabilities, viewOf } from '../capability/read-capability.ts'
import { createCapability, type SavedCapability, updateCapability } from '../capability/save-capability.ts'
import { describe } from '../credential/describe.ts'
import { recordConnect } from '../credential/history-entry.ts'
import { isThere } from '../credential/parent.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'
import { capabilityMessage, credentialMessage } from './wire.ts'

type CapabilityMethods = Methods<
  'createCapability' | 'updateCapability' | 'getCapability' | 'listCapabilities' | 'deleteCapability' | 'getClaim' | 'reportConnect'
>

/** What a team lets its agents do, and what customers have granted to it. */
export function capabilityMethods(registry: Registry): CapabilityMethods {
  return {
    async createCapability({ capability, validateOnly, requestId }, context) {
      const wanted = { given: given(capability), validateOnly, requestId }
      return saved(await createCapability(registry, await actorOf(registry, context), wanted))
    },
    async updateCapability({ capability, validateOnly }, context) {
      return saved(await updateCapability(registry, await actorOf(registry, context), { given: given(capability), validateOnly }))
    },
    async getCapability({ capabilityId }, context) {
      return { capability: capabilityMessage(await getCapability(registry, await actorOf(registry, context), capabilityId)) }
    },
    async listCapabilities(request, context) {
      const { page, nextPageToken } = await listCapabilities(registry, await actorOf(registry, context), request)
      return { capabilities: page.map(capabilityMessage), nextPageToken }
    },
    async deleteCapability({ capabilityId: id, force }, context) {
      return deleteCapability(registry, await actorOf(registry, context), { id, force })
    },
    async getClaim({ capabilityId }, context) {
      const actor = await actorOf(registry, context)
      const doc = await customersCapability(registry, actor, capabilityId)
      if (actor.user === undefined) throw new CodedError('USER_REQUIRED')
      const capability = { ...capabilityMessage(await viewOf(registry, doc)), pattern: await patternNow(registry, doc) }
      const parent = await grantedTo(registry, doc, actor.user)
      if (parent === undefined || !isThere(parent)) return { capability }
      return { capability, credential: credentialMessage(registry, await describe(registry, parent)) }
    },
    async reportConnect({ credentialId, capabilityId, user, outcome }, context) {
      const capabilities = capabilityId === '' ? [] : [capabilityId]
      await recordConnect(registry, await actorOf(registry, context), { credentialId, capabilities, user, outcome })
      return {}
    },
  }
}

function given(capability: Capability | undefined): Capability {
  if (capability === undefined) throw new CodedError('INVALID_REQUEST', 'A capability belongs to it.')
  return capability
}

function saved({ capability, proof: verdict }: SavedCapability) {
  return { verdict: { ...verdict }, ...(capability === undefined ? {} : { capability: capabilityMessage(capability) }) }
}
