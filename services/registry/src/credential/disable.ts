import { type CredentialStatus, moveStatus } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, actorName, needScope } from '../caller/actor.ts'
import type { Registry } from '../registry.ts'
import { reconnectUrl } from './describe.ts'
import { credentialDisabled } from './facts.ts'
import { changeFence } from './fence.ts'
import type { Parent } from './parent.ts'

const BY_CALLER = 'disabled_by_caller'
const REASON = /^[a-z][a-z0-9_]{0,47}$/

/** Stops every use at once; when it answers, no vault starts another one. Idempotent. An expiry is remembered for `enable`. */
export async function disable(registry: Registry, actor: Actor, id: string, reason: string): Promise<Stored<Parent>> {
  needScope(actor, 'credentials.write')
  if (reason !== '' && !REASON.test(reason)) {
    const fault: Fault = {
      pointer: '/reason',
      code: 'INVALID_VALUE',
      detail: 'Write a short code such as `left_company`, or leave it out.',
    }
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
  }
  return changeFence(registry, { actor, id, need: 'manage' }, (doc) => {
    const status = moveStatus(doc.status, 'disable')
    if (status === undefined) throw illegalMove(registry, doc, 'disabled')
    if (status === doc.status) return undefined
    const why = reason === '' ? BY_CALLER : reason
    const expiredBefore = doc.status === 'expired' ? { reason: doc.reason ?? '' } : undefined
    return {
      doc: { ...doc, status, reason: why, expiredBefore },
      facts: [credentialDisabled(doc, { actor: actorName(actor), reason: why })],
      outcome: 'disabled',
    }
  })
}

/** Names both states and, where one helps, the address to reconnect at. */
export function illegalMove(registry: Registry, doc: Parent, to: CredentialStatus): CodedError {
  const detail = `The credential is ${doc.status} and cannot become ${to} this way.`
  const help = doc.status === 'expired' ? { reconnectUrl: reconnectUrl(registry, doc.id) } : {}
  return new CodedError('ILLEGAL_MOVE', detail, { credentialId: doc.id, ...help, facts: { from: doc.status, to } })
}
