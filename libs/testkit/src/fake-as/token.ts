import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Answer, jsonAnswer } from '../exchange.ts'
import { type Behaviour, bentAnswer } from './behaviour.ts'
import { DEVICE_GRANT, polledDevice } from './device.ts'
import type { Family, IssuedTokens } from './grants.ts'
import type { LedgerEntry } from './ledger.ts'
import type { FakeClient, FakeState } from './state.ts'
import { assertedClient, givenFor, JWT_BEARER, TOKEN_EXCHANGE } from './token-grants.ts'

export interface TokenRequest {
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
  readonly behaviour: Behaviour
}

type Noted = Partial<Pick<LedgerEntry, 'presented' | 'family' | 'issued' | 'error' | 'asked'>>
interface Outcome {
  readonly answer: Answer
  readonly noted: Noted
}

/** The token endpoint: carries the request out, writes the ledger, and gives the answer with the ledger's sequence number. */
export function exchangeToken(state: FakeState, request: TokenRequest): { answer: Answer; seq: number } {
  const grantType = request.form.get('grant_type') ?? ''
  const client = request.form.has('client_assertion') ? assertedClient(state, request.form) : authenticateClient(state, request)
  const bent = bentAnswer(request.behaviour)
  const outcome =
    bent !== undefined && request.behaviour.spend !== true ? untouched(state, request, bent) : carryOut(state, request, client)
  const answer = bent ?? outcome.answer
  const clientId = client?.clientId ?? request.form.get('client_id') ?? ''
  const resource = request.form.get('resource')
  const asked = resource === null ? {} : { asked: { resource } }
  const seq = state.ledger.add({ kind: 'token', grantType, clientId, status: answer.status, ...asked, ...outcome.noted })
  return { answer, seq }
}

/** The credentials of RFC 6749 §2.3.1, by header or by body, never both. */
export function authenticateClient(state: FakeState, { headers, form }: Pick<TokenRequest, 'headers' | 'form'>): FakeClient | undefined {
  const basic = /^Basic ([\w+/=-]+)$/i.exec(headers.authorization ?? '')?.[1]
  const [id = '', secret = ''] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString().split(':').map(formDecode)
  const clientId = basic === undefined ? (form.get('client_id') ?? '') : id
  const presented = basic === undefined ? form.get('client_secret') : secret
  const client = state.clients.get(clientId)
  if (client === undefined || (basic !== undefined && form.has('client_secret'))) return undefined
  const used = basic === undefined ? 'client_secret_post' : 'client_secret_basic'
  if (client.clientSecret !== undefined && client.authMethod !== undefined && client.authMethod !== used) return undefined
  return client.clientSecret === (presented ?? undefined) ? client : undefined
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function refusal(error: string, noted: Noted = {}): Outcome {
  const status = error === 'invalid_client' ? 401 : 400
  return { answer: jsonAnswer(status, { error }), noted: { error, ...noted } }
}

/** A bent answer without an effect still notes what was presented: the judge wants to know. */
function untouched(state: FakeState, { form }: TokenRequest, answer: Answer): Outcome {
  const token = form.get('refresh_token')
  if (token === null) return { answer, noted: {} }
  const { state: tokenState, family } = state.grants.look(token)
  return { answer, noted: { presented: { token, state: tokenState }, ...(family === undefined ? {} : { family: family.id }) } }
}

function carryOut(state: FakeState, request: TokenRequest, client: FakeClient | undefined): Outcome {
  const isNamed = request.form.has('client_id') || request.form.has('client_assertion') || request.headers.authorization !== undefined
  const needsClient = ![JWT_BEARER, TOKEN_EXCHANGE].includes(request.form.get('grant_type') ?? '')
  if (client === undefined && (isNamed || needsClient)) return refusal('invalid_client')
  if (client !== undefined && request.form.get('grant_type') === 'authorization_code') return exchangeCode(state, request, client)
  if (client !== undefined && request.form.get('grant_type') === 'refresh_token') return refresh(state, request, client)
  if (client !== undefined && request.form.get('grant_type') === DEVICE_GRANT) return exchangeDevice(state, request, client)
  return grantWithout(state, request, client)
}

function exchangeDevice(state: FakeState, request: TokenRequest, client: FakeClient): Outcome {
  const polled = polledDevice(state, client, request.form)
  if ('error' in polled) return refusal(polled.error)
  return issueTo(state, state.grants.open(client.clientId, state.account, polled.scope), request.behaviour)
}

function exchangeCode(state: FakeState, { form, behaviour }: TokenRequest, client: FakeClient): Outcome {
  const record = state.codes.get(form.get('code') ?? '')
  if (record === undefined || record.clientId !== client.clientId || state.clock.now() > record.expiresAt) return refusal('invalid_grant')
  if (record.usedBy !== undefined) {
    // RFC 6749 §4.1.2: what came from a code that is used twice should be revoked.
    state.grants.revoke(record.usedBy, 'code_reuse')
    return refusal('invalid_grant', { family: record.usedBy.id })
  }
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (form.get('redirect_uri') !== record.redirectUri || challenge !== record.challenge) return refusal('invalid_grant')
  const family = state.grants.open(client.clientId, record.account, behaviour.scope ?? record.scope)
  record.usedBy = family
  return issueTo(state, family, behaviour)
}

function refresh(state: FakeState, { form, behaviour }: TokenRequest, client: FakeClient): Outcome {
  const token = form.get('refresh_token') ?? ''
  const { state: tokenState, family } = state.grants.look(token)
  const presented = { token, state: tokenState }
  if (family === undefined) return refusal('invalid_grant', { presented })
  if (family.clientId !== client.clientId || !state.grants.admitRefresh(token))
    return refusal('invalid_grant', { presented, family: family.id })
  const outcome = issueTo(state, family, behaviour)
  return { ...outcome, noted: { ...outcome.noted, presented } }
}

/** Grants without a person: no refresh token, since the client can ask again (RFC 6749 §4.4.3). */
function grantWithout(state: FakeState, request: TokenRequest, client: FakeClient | undefined): Outcome {
  const given = givenFor(state, request, client)
  const asked = Object.fromEntries(ASKED.flatMap((name) => (request.form.has(name) ? [[name, request.form.get(name) ?? '']] : [])))
  if ('error' in given) return refusal(given.error, { asked })
  const family = state.grants.open(client?.clientId ?? '', { sub: given.sub }, given.scope)
  const outcome = issueTo(state, family, { ...request.behaviour, omit: [...(request.behaviour.omit ?? []), 'refresh_token'] })
  return { ...outcome, noted: { ...outcome.noted, asked } }
}

const ASKED: readonly string[] = ['scope', 'audience', 'resource', 'requested_token_type', 'subject_token_type', 'actor_token_type']

function issueTo(state: FakeState, family: Family, behaviour: Behaviour): Outcome {
  const expiresInS = behaviour.expiresInS ?? state.expiresInS
  const issued = state.grants.issue(family, { expiresInS, withRefresh: !behaviour.omit?.includes('refresh_token') })
  return { answer: jsonAnswer(200, tokenBody(issued, family, { ...behaviour, expiresInS })), noted: { family: family.id, issued } }
}

function tokenBody(issued: IssuedTokens, family: Family, behaviour: Behaviour): Record<string, unknown> {
  const body: Record<string, unknown> = {
    access_token: issued.accessToken,
    token_type: 'Bearer',
    expires_in: behaviour.expiresInS,
    scope: behaviour.scope ?? family.scope,
    ...(issued.refreshToken === undefined ? {} : { refresh_token: issued.refreshToken }),
  }
  for (const member of behaviour.omit ?? []) delete body[member]
  return body
}
