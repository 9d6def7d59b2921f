import { type Answer, jsonAnswer } from '../exchange.ts'
import type { DeviceRecord } from './device-record.ts'
import { type FakeClient, type FakeState, randomName } from './state.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** RFC 8628 §3.2. */
export function authorizeDevice(state: FakeState, client: FakeClient | undefined, form: URLSearchParams): Answer {
  if (client === undefined) return jsonAnswer(401, { error: 'invalid_client' })
  const deviceCode = randomName(state, 'dc')
  const userCode = randomName(state, '')
    .slice(1, 9)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, 'X')
  const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`
  const { intervalS, lifeS } = state.device
  const record = { clientId: client.clientId, userCode: shown, scope: form.get('scope') ?? '', intervalMs: intervalS * 1000 }
  const now = state.clock.now()
  state.devices.set(deviceCode, { ...record, expiresAt: now + lifeS * 1000, lastPollAt: now, decision: 'pending' })
  state.ledger.add({ kind: 'device', clientId: client.clientId, status: 200 })
  return jsonAnswer(200, {
    device_code: deviceCode,
    user_code: shown,
    verification_uri: `${state.issuer}/device`,
    verification_uri_complete: `${state.issuer}/device?user_code=${shown}`,
    expires_in: lifeS,
    interval: intervalS,
  })
}

/** What a poll finds: an error of RFC 8628 §3.5, or the record that was approved. A poll that comes too soon is told to slow down. */
export function polledDevice(state: FakeState, client: FakeClient, form: URLSearchParams): DeviceRecord | { readonly error: string } {
  const code = form.get('device_code') ?? ''
  const record = state.devices.get(code)
  if (record === undefined || record.clientId !== client.clientId) return { error: 'invalid_grant' }
  const now = state.clock.now()
  // How long a request is on its way differs, and is not the client's doing. Of two who keep the pace beside each other one comes
  // no more than half of it after the other.
  const isEarly = now - record.lastPollAt < record.intervalMs / 2
  record.lastPollAt = now
  if (now >= record.expiresAt) return { error: 'expired_token' }
  if (isEarly) {
    record.intervalMs += 5_000
    return { error: 'slow_down' }
  }
  if (record.decision === 'denied') return { error: 'access_denied' }
  if (record.decision === 'pending') return { error: 'authorization_pending' }
  state.devices.delete(code)
  return record
}
