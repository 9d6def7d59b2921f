import { type Answer, jsonAnswer } from '../exchange.ts'
import { type FakeState, randomName } from './state.ts'

const METHODS: readonly string[] = ['client_secret_basic', 'client_secret_post', 'none']

/** Dynamic client registration (RFC 7591 §3), open to everybody. */
export function registerClient(state: FakeState, body: string): Answer {
  let asked: { redirect_uris?: unknown; token_endpoint_auth_method?: unknown }
  try {
    asked = JSON.parse(body) as typeof asked
  } catch {
    return jsonAnswer(400, { error: 'invalid_client_metadata' })
  }
  const method = String(asked.token_endpoint_auth_method ?? 'client_secret_basic')
  const uris = Array.isArray(asked.redirect_uris) ? asked.redirect_uris.map(String) : []
  if (uris.length === 0) return jsonAnswer(400, { error: 'invalid_redirect_uri' })
  if (!METHODS.includes(method)) return jsonAnswer(400, { error: 'invalid_client_metadata' })
  const clientId = randomName(state, 'dyn')
  const secret = method === 'none' ? {} : { clientSecret: randomName(state, 'secret') }
  const authMethod = method === 'none' ? {} : { authMethod: method as 'client_secret_basic' }
  state.clients.set(clientId, { clientId, redirectUris: uris, ...secret, ...authMethod })
  state.ledger.add({ kind: 'register', clientId, status: 201 })
  const given = 'clientSecret' in secret ? { client_secret: secret.clientSecret, client_secret_expires_at: 0 } : {}
  return jsonAnswer(201, { client_id: clientId, ...given, redirect_uris: uris, token_endpoint_auth_method: method })
}
