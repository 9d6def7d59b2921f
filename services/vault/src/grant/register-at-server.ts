import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import { change } from '../credential/record-change.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { scanJson } from './json-scan.ts'
import { safeCode } from './token-answer.ts'
import { readAll } from './token-endpoint.ts'

export interface Registration {
  readonly clientId: string
  readonly registrationUri: string
  readonly redirectUri: string
  readonly clientName: string
  readonly clientAuth: string
  readonly scopes: readonly string[]
}

const DEADLINE_MS = 20_000
const MOST_BYTES = 1024 * 1024
const MOST_ID = 500

/** Registers a client (RFC 7591 §3.1) and seals its secret at once: it is in this process only, from the answer to the box. */
export async function registerAtServer(
  vault: VaultContext,
  principal: Principal,
  order: Registration,
): Promise<{ oauthClientId: string; generation: number }> {
  const { project } = principal
  const { status, body } = await ask(vault, project, order)
  try {
    const { oauthClientId, secret } = clientIn(status, body, order)
    const generation = await vault.clients.register({ id: order.clientId, project, oauthClientId, secret })
    await change(vault, principal, { action: 'connect', credential: order.clientId })
    return { oauthClientId, generation }
  } finally {
    body.fill(0)
  }
}

async function ask(vault: VaultContext, project: string, order: Registration): Promise<{ status: number; body: Buffer }> {
  const { registrationUri, redirectUri, clientName, clientAuth, scopes } = order
  const metadata = {
    client_name: clientName,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: clientAuth,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  }
  try {
    const answer = await span('vault.register_client', { client_id: order.clientId }, () =>
      vault.egress.send({
        project,
        method: 'POST',
        url: registrationUri,
        hosts: [registrationUri],
        headers: [
          ['content-type', 'application/json'],
          ['accept', 'application/json'],
          ['accept-encoding', 'identity'],
          ['user-agent', 'credence'],
        ],
        body: Buffer.from(JSON.stringify(metadata)),
        deadlineMs: DEADLINE_MS,
        maxResponseBytes: MOST_BYTES,
      }),
    )
    return { status: answer.status, body: await readAll(answer.body) }
  } catch (error) {
    if (isCoded(error)) throw error
    throw new CodedError('UPSTREAM_UNREACHABLE')
  }
}

/** RFC 7591 §3.2.1. A server that gives another kind of client than was asked for is refused: its sign-ins would fail. */
function clientIn(status: number, body: Buffer, { clientAuth }: Registration): { oauthClientId: string; secret: Buffer } {
  const found = scanJson(body, ['/client_id', '/client_secret', '/token_endpoint_auth_method', '/error'])
  const text = (pointer: string): string => {
    const value = found?.get(pointer)
    return value?.kind === 'string' ? value.bytes.toString('utf8') : ''
  }
  if (status >= 400 || text('/error') !== '') {
    const provider_error = text('/error') === '' ? 'refused' : safeCode(text('/error'))
    throw new CodedError('TOKEN_ENDPOINT_REFUSED', `The server did not register a client (${provider_error}, ${status}).`, {
      facts: { provider_error, upstream_status: String(status) },
    })
  }
  const oauthClientId = text('/client_id')
  const given = text('/token_endpoint_auth_method')
  const secret = found?.get('/client_secret')
  const bytes = secret?.kind === 'string' ? secret.bytes : Buffer.alloc(0)
  const isUsable = /^[\x20-\x7e]+$/.test(oauthClientId) && oauthClientId.length <= MOST_ID
  if (!isUsable || (given !== '' && given !== clientAuth) || (clientAuth !== 'none' && bytes.byteLength === 0)) {
    bytes.fill(0)
    throw new CodedError('TOKEN_ANSWER_UNUSABLE', 'The server registered no client that can be used.')
  }
  return { oauthClientId, secret: bytes }
}
