import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { CapabilityDoc } from './capability.ts'

/**
 * Whether the customer may pass. The gate is shut for everybody who holds neither a pass nor a consent here: a capability
 * that asks for them never runs on the word of a caller. Throws USER_REQUIRED, IDENTITY_REQUIRED, CONSENT_REQUIRED.
 */
export function checkGate({ id, gate }: CapabilityDoc, principal: Principal): void {
  if (gate.level === 'none' && !gate.consent) return
  if (principal.user === '' && principal.userNames.length === 0) throw new CodedError('USER_REQUIRED')
  if (gate.level !== 'none') {
    throw new CodedError('IDENTITY_REQUIRED', undefined, {
      facts: { capability_id: id, level: gate.level, asked: gate.facts.join(' ') },
    })
  }
  throw new CodedError('CONSENT_REQUIRED', undefined, { facts: { capability_id: id } })
}
