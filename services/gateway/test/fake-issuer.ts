import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWTPayload, SignJWT } from 'jose'

/** An OpenID issuer for public clients with PKCE: it signs in whoever `claims` says, and checks what it is sent. */
export interface FakeIssuer {
  readonly url: string
  readonly port: number
  /** Of the ID token; set by the test. */
  claims: Record<string, unknown>
  /** Overrides single members of the ID token, to be wrong on purpose. */
  wrong: Record<string, unknown>
  /** Requests to the token endpoint so far. */
  tokenCalls(): number
  /** What a person who signs in at this authorize address brings back. */
  signIn(authorize: URL): URLSearchParams
  close(): Promise<void>
}

export async function startFakeIssuer(): Promise<FakeIssuer> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const codes = new Map<string, URLSearchParams>()
  let tokenCalls = 0
  const state: { claims: Record<string, unknown>; wrong: Record<string, unknown> } = { claims: { sub: 'ann' }, wrong: {} }
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (request.url === '/.well-known/openid-configuration') return answer(200, metadata(url()))
    if (request.url !== '/token') return answer(404, {})
    tokenCalls++
    const form = new URLSearchParams(await bodyOf(request))
    const asked = codes.get(form.get('code') ?? '')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (asked === undefined || asked.get('code_challenge') !== challenge || asked.get('redirect_uri') !== form.get('redirect_uri')) {
      return answer(400, { error: 'invalid_grant' })
    }
    const now = Math.floor(Date.now() / 1000)
    const claims: JWTPayload = {
      iss: url(),
      aud: asked.get('client_id') ?? '',
      nonce: asked.get('nonce'),
      iat: now,
      exp: now + 60,
      ...state.claims,
      ...state.wrong,
    }
    const id_token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
    return answer(200, { access_token: 'at', token_type: 'bearer', id_token })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = (): string => `http://127.0.0.1:${port}`
  return Object.assign(state, {
    url: url(),
    port,
    tokenCalls: () => tokenCalls,
    signIn(authorize: URL) {
      const code = `code-${codes.size}`
      codes.set(code, authorize.searchParams)
      return new URLSearchParams({ code, state: authorize.searchParams.get('state') ?? '', iss: url() })
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  })
}

function metadata(url: string): object {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
