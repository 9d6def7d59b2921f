import { CodedError } from '@credence/errors'
import { servicePrincipal } from '@credence/rpc'
import { actorOf } from '../caller/actor.ts'
import { foldedName, resolveUser } from '../caller/resolve-user.ts'
import { viewOf as capabilityView, findCapability } from '../capability/read-capability.ts'
import { giveConsent, withdrawConsent } from '../consent/give-consent.ts'
import { getConsent, listConsents } from '../consent/read-consent.ts'
import { recordCustomer } from '../credential/history-entry.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'
import { capabilityMessage, consentMessage } from './wire.ts'

type ConsentMethods = Methods<'giveConsent' | 'withdrawConsent' | 'getConsent' | 'listConsents' | 'describeGate' | 'reportIdentity'>

/** What customers consent to, and what the verifier has to know of who stands before a gate. */
export function consentMethods(registry: Registry): ConsentMethods {
  return {
    async giveConsent(giving, context) {
      return { consent: consentMessage(await giveConsent(registry, await actorOf(registry, context), giving)) }
    },
    async withdrawConsent({ consentId }, context) {
      return { consent: consentMessage(await withdrawConsent(registry, await actorOf(registry, context), consentId)) }
    },
    async getConsent({ consentId }, context) {
      return { consent: consentMessage(await getConsent(registry, await actorOf(registry, context), consentId)) }
    },
    async listConsents(request, context) {
      const { page, nextPageToken } = await listConsents(registry, await actorOf(registry, context), request)
      return { consents: page.map(consentMessage), nextPageToken }
    },
    async describeGate({ capabilityId, user }, context) {
      const actor = await actorOf(registry, context)
      const doc = await findCapability(registry, actor, capabilityId)
      const { project } = doc
      const known = await resolveUser(registry, project, { names: [foldedName(user, '/user')], create: true })
      return {
        capability: capabilityMessage(await capabilityView(registry, doc)),
        user: known.id,
        names: [...known.names],
        securityVersion: doc.securityVersion ?? 0,
        projectName: (await registry.docs.projects.get(project))?.name ?? '',
      }
    },
    async reportIdentity({ capabilityId: id, user, outcome, actor: subject }, context) {
      const { project } = context.principal
      if (project === '') throw new CodedError('INVALID_REQUEST', 'A report is of one project.')
      const by = await actorOf(registry, { ...context, principal: { ...servicePrincipal('verifier', project), subject } })
      await recordCustomer(registry, by, { capability: { id, project }, user, action: 'identity', outcome })
      return {}
    },
  }
}
