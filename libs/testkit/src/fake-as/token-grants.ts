import type { Behaviour } from './behaviour.ts'
import type { FakeClient, FakeState } from './state.ts'
import { type JwtClaims, verifiedClaims } from './verify-jwt.ts'

export const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** RFC 7523 §2.2: the client that signed the assertion of this form; undefined for any other. */
export function assertedClient(state: FakeState, form: URLSearchParams): FakeClient | undefined {
  if (form.get('client_assertion_type') !== CLIENT_ASSERTION) return undefined
  for (const client of state.clients.values()) {
    if (client.publicKey === undefined) continue
    const claims = goodClaims(state, form.get('client_assertion') ?? '', client.publicKey)
    if (claims !== undefined && claims.iss === client.clientId && claims.sub === client.clientId) return client
  }
  return undefined
}

/** What a grant without a code gives, or the error of it. */
export type Given = { readonly sub: string; readonly scope: string } | { readonly error: string }

/** The grants in which a client asks for itself, or with what somebody else signed or gave. */
export function givenFor(
  state: FakeState,
  { form, behaviour }: { form: URLSearchParams; behaviour: Behaviour },
  client: FakeClient | undefined,
): Given {
  const scope = behaviour.scope ?? form.get('scope') ?? ''
  switch (form.get('grant_type')) {
    case 'client_credentials':
      return client === undefined || (client.clientSecret === undefined && client.publicKey === undefined)
        ? { error: 'invalid_client' }
        : { sub: client.clientId, scope }
    case JWT_BEARER:
      return byAssertion(state, form.get('assertion') ?? '', scope)
    case TOKEN_EXCHANGE: {
      const subject = state.subjectTokens.get(form.get('subject_token') ?? '')
      const hasType = (form.get('subject_token_type') ?? '').startsWith('urn:ietf:params:oauth:token-type:')
      if (!hasType) return { error: 'invalid_request' }
      return subject === undefined ? { error: 'invalid_grant' } : { sub: subject, scope }
    }
    default:
      return { error: 'unsupported_grant_type' }
  }
}

function byAssertion(state: FakeState, assertion: string, scope: string): Given {
  for (const [issuer, publicKey] of state.assertionKeys) {
    const claims = goodClaims(state, assertion, publicKey)
    if (claims?.iss === issuer) return { sub: String(claims.sub ?? claims.iss), scope: scope === '' ? String(claims.scope ?? '') : scope }
  }
  return { error: 'invalid_grant' }
}

/** RFC 7523 §3: for this server, in time, and not seen before. */
function goodClaims(state: FakeState, token: string, publicKey: string): JwtClaims | undefined {
  const verified = verifiedClaims(token, publicKey)
  if (verified === undefined) return undefined
  const { aud, exp, jti } = verified.claims
  const isForUs = aud === state.issuer || aud === `${state.issuer}/token`
  const inTime = typeof exp === 'number' && exp * 1000 > state.clock.now()
  if (!isForUs || !inTime || typeof jti !== 'string' || state.seenAssertions.has(jti)) return undefined
  state.seenAssertions.add(jti)
  return verified.claims
}
