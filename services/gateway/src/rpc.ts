import { GatewayServiceDefinition } from '@credence/proto/gateway'
import { type RpcMount, rpcMount } from '@credence/rpc'
import { addMcpProvider } from './add-mcp.ts'
import { completeSession } from './connect/complete-session.ts'
import { startSession } from './connect/conversation.ts'
import { cancelSession, getSession, sessionMessage, waitSession } from './connect/follow-session.ts'
import { identityRpc } from './connect/identity/identity-rpc.ts'
import { startDevice } from './connect/start-device.ts'
import { eventMessage, tailEvents } from './events/tail.ts'
import type { Gateway } from './gateway.ts'
import { mintTokenRpc } from './widget/mint-rpc.ts'

/** The gateway's rpcs. */
export function gatewayRpc(api: Gateway): RpcMount {
  const { flow, creation } = api
  const now = (): number => flow.clock.now()
  return rpcMount(GatewayServiceDefinition, {
    async createSession(request, { principal }) {
      const { session, link } = await startSession(creation, principal, request)
      return { session: sessionMessage(session, now()), link }
    },
    async getSession({ sessionId }, { principal }) {
      return { session: sessionMessage(await getSession(flow, principal, sessionId), now()) }
    },
    async waitSession({ sessionId, timeoutMs }, { principal, signal }) {
      const session = await waitSession(flow, principal, { id: sessionId, timeoutMs, signal })
      return { session: sessionMessage(session, now()) }
    },
    async cancelSession({ sessionId }, { principal }) {
      return { session: sessionMessage(await cancelSession(flow, flow.ending, { principal, id: sessionId }), now()) }
    },
    async completeSession(request, { principal }) {
      const { session, credential } = await completeSession(flow, principal, request)
      return { session: sessionMessage(session, now()), credential }
    },
    addMcpProvider: (request, { principal }) => addMcpProvider(api, principal, request),
    async startDevice(request, { principal }) {
      return { session: sessionMessage(await startDevice(flow, principal, request), now()) }
    },
    ...identityRpc(api),
    mintToken: (request, { principal }) => mintTokenRpc(api, principal, request),
    async *tailEvents(request, { principal, signal }) {
      for await (const item of tailEvents(api, principal, { ...request, signal })) {
        if ('reset' in item) {
          yield {
            message: { $case: 'reset', value: { cursor: item.cursor, ...(item.oldest === undefined ? {} : { oldest: item.oldest }) } },
          }
        } else yield { message: { $case: 'event', value: eventMessage(item) } }
      }
    },
  })
}
