import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, jsonAnswer } from '../exchange.ts'
import type { FakeState } from './state.ts'
import { authenticateClient } from './token.ts'

/** Who the account of a live access token is (OpenID Connect Core §5.3). */
export function userinfo(state: FakeState, headers: IncomingHttpHeaders): Answer {
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
  const family = state.grants.familyOfAccess(token)
  const known = family === undefined ? {} : { family: family.id }
  state.ledger.add({ kind: 'userinfo', status: family === undefined ? 401 : 200, ...known })
  if (family === undefined) return jsonAnswer(401, { error: 'invalid_token' }, { 'www-authenticate': 'Bearer error="invalid_token"' })
  return jsonAnswer(200, family.account)
}

/** RFC 7009: a refresh token takes its family along, an access token goes alone, and an unknown one is answered 200 all the same. */
export function revoke(state: FakeState, request: { headers: IncomingHttpHeaders; form: URLSearchParams }): Answer {
  const client = authenticateClient(state, request)
  if (client === undefined) return jsonAnswer(401, { error: 'invalid_client' })
  const token = request.form.get('token') ?? ''
  const { state: tokenState, family: byRefresh } = state.grants.look(token)
  const family = byRefresh ?? state.grants.familyOfAccess(token)
  const mine = family !== undefined && family.clientId === client.clientId
  state.ledger.add({
    kind: 'revoke',
    clientId: client.clientId,
    status: 200,
    presented: { token, state: tokenState },
    ...(mine ? { family: family.id } : {}),
  })
  if (mine && byRefresh !== undefined) state.grants.revoke(family, 'client')
  else if (mine) state.grants.dropAccess(token)
  return { status: 200, body: '' }
}

/** RFC 7662, for access and refresh tokens. */
export function introspect(state: FakeState, request: { headers: IncomingHttpHeaders; form: URLSearchParams }): Answer {
  const client = authenticateClient(state, request)
  if (client === undefined) return jsonAnswer(401, { error: 'invalid_client' })
  const token = request.form.get('token') ?? ''
  const { state: tokenState, family: byRefresh } = state.grants.look(token)
  const family = tokenState === 'current' ? byRefresh : state.grants.familyOfAccess(token)
  state.ledger.add({ kind: 'introspect', clientId: client.clientId, status: 200, presented: { token, state: tokenState } })
  return jsonAnswer(200, family === undefined ? { active: false } : { active: true, sub: family.account.sub, scope: family.scope })
}

/** RFC 8414, so that a client may find the endpoints by itself. */
export function metadata(state: FakeState): Answer {
  const { issuer } = state
  return jsonAnswer(200, {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    registration_endpoint: `${issuer}/register`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  })
}
