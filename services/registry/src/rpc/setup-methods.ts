import type { Setup, SetupServiceImplementation } from '@credence/proto/setup'
import type { Peer, Principal } from '@credence/rpc'
import { type Actor, actorOf } from '../caller/actor.ts'
import type { Registry } from '../registry.ts'
import { describeSetup } from '../setup/describe-setup.ts'
import { findSetup, listSetups } from '../setup/find-setup.ts'
import { acceptSetup, cancelSetup, reviseSetup } from '../setup/go-on.ts'
import { reportSession } from '../setup/report-session.ts'
import type { SetupDoc } from '../setup/setup.ts'
import { startSetups } from '../setup/start-setups.ts'
import { setupMessage } from './wire-setup.ts'

/** Every rpc of setup.proto. */
export function setupMethods(registry: Registry): SetupServiceImplementation<{ principal: Principal; from: Peer }> {
  const shown = async (actor: Actor, doc: SetupDoc, brief = false): Promise<Setup> =>
    setupMessage(await describeSetup(registry, actor, doc), brief)
  return {
    async startSetups({ items, user, requestId }, context) {
      const actor = await actorOf(registry, context)
      const { results, batchId } = await startSetups(registry, actor, {
        items: items.map(({ service: text, label, level }) => ({ text, label, level })),
        user,
        requestId,
      })
      const messages = results.map(async (result) =>
        'doc' in result
          ? { setup: await shown(actor, result.doc) }
          : { refusal: { code: result.refusal.code, detail: result.refusal.message } },
      )
      return { results: await Promise.all(messages), batchId }
    },
    async getSetup({ setupId }, context) {
      const actor = await actorOf(registry, context)
      return { setup: await shown(actor, await findSetup(registry, actor, setupId)) }
    },
    async listSetups(request, context) {
      const actor = await actorOf(registry, context)
      const { page, nextPageToken } = await listSetups(registry, actor, request)
      return { setups: await Promise.all(page.map((doc) => shown(actor, doc, true))), nextPageToken }
    },
    async reviseSetup({ setupId: id, service: text, payloadJson: payload }, context) {
      const actor = await actorOf(registry, context)
      return { setup: await shown(actor, await reviseSetup(registry, actor, { id, text, payload })) }
    },
    async acceptSetup({ setupId: id, pattern }, context) {
      const actor = await actorOf(registry, context)
      return { setup: await shown(actor, await acceptSetup(registry, actor, { id, pattern })) }
    },
    async cancelSetup({ setupId }, context) {
      const actor = await actorOf(registry, context)
      return { setup: await shown(actor, await cancelSetup(registry, actor, setupId)) }
    },
    async reportSetup({ setupId: id, sessionId, event, cause, sentence }, context) {
      const actor = await actorOf(registry, context)
      return { setup: await shown(actor, await reportSession(registry, actor, { id, sessionId, event, cause, sentence })) }
    },
  }
}
