import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import { type RpcMount, rpcMount } from '@credence/rpc'
import { giveUp } from './credential/give-up.ts'
import { pauseClient, resumeClient } from './credential/pause-client.ts'
import { failureCount } from './credential/plan.ts'
import type { Refresher } from './credential/refresher.ts'

/** A reason is a word of ours: it goes into events, logs and answers. */
const REASON = /^[a-z][a-z_]{0,47}$/

/** rpc → use case: decode, call, encode. */
export function refresherMount(refresher: Refresher): RpcMount {
  return rpcMount(TokenRefresherServiceDefinition, {
    async giveUp({ credentialId, version, reason }, { principal }) {
      if (!isId('cred', credentialId)) throw new CodedError('NOT_FOUND')
      await giveUp(refresher, { credentialId, version, reason: reasonOf(reason), project: principal.project })
      return {}
    },
    async getPlan({ credentialId }, { principal }) {
      const plan = isId('cred', credentialId) ? await refresher.plans.get(credentialId) : undefined
      if (plan === undefined || (principal.project !== '' && principal.project !== plan.project)) return {}
      const { kind, state, refreshAt, expiresAt, version } = plan
      const shown = refresher.inFlight.has(credentialId) ? 'refreshing' : state
      return { kind, state: shown, refreshAt, expiresAt, version, failures: failureCount(plan) }
    },
    async pauseClient({ clientId, reason }) {
      await pauseClient(refresher, clientOf(clientId), reasonOf(reason))
      return {}
    },
    async resumeClient({ clientId }) {
      await resumeClient(refresher, clientOf(clientId))
      return {}
    },
  })
}

function reasonOf(reason: string): string {
  if (REASON.test(reason)) return reason
  const fault = { pointer: '/reason', code: 'INVALID_VALUE', detail: 'Write one word of small letters and underscores, at most 48.' }
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
}

function clientOf(clientId: string): string {
  if (!isId('ocl', clientId)) throw new CodedError('NOT_FOUND')
  return clientId
}
