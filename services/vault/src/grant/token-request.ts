import { secretConcat } from '@credence/secret'
import { base64, percentEncoded } from '../credential/encode-bytes.ts'
import { jsonEscaped } from '../credential/escape.ts'

/** One member of a token request; secret values are bytes and stay bytes. */
export interface TokenParameter {
  readonly name: string
  readonly value: Uint8Array
}

/** RFC 8707 §2.2: said again in each request of the grant. */
export function resourceOf({ resource }: { readonly resource?: string }): readonly TokenParameter[] {
  return resource === undefined ? [] : [{ name: 'resource', value: Buffer.from(resource) }]
}

export interface TokenRequestBody {
  readonly headers: readonly (readonly [string, string])[]
  /** The body, and with `client_secret_basic` the header value, for the caller to wipe. */
  readonly body: Buffer
  readonly authorization?: Buffer
}

export interface TokenClient {
  readonly oauthClientId: string
  readonly secret: Uint8Array
}

export interface TokenStyle {
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly bodyFormat: 'form' | 'json'
}

/** The body of a token request (RFC 6749 §4.1.3, §6), built from bytes: no secret of it is ever a string. */
export function tokenRequest(parameters: readonly TokenParameter[], client: TokenClient | undefined, style: TokenStyle): TokenRequestBody {
  const all = [...parameters]
  if (client !== undefined && style.clientAuth !== 'client_secret_basic')
    all.push({ name: 'client_id', value: Buffer.from(client.oauthClientId) })
  if (client !== undefined && style.clientAuth === 'client_secret_post') all.push({ name: 'client_secret', value: client.secret })
  const type = style.bodyFormat === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  const headers: (readonly [string, string])[] = [
    ['content-type', type],
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
  ]
  const body = style.bodyFormat === 'form' ? formBody(all) : jsonBody(all)
  if (client === undefined || style.clientAuth !== 'client_secret_basic') return { headers, body }
  return { headers, body, authorization: basicAuthorization(client) }
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function basicAuthorization(client: TokenClient): Buffer {
  const id = percentEncoded(Buffer.from(client.oauthClientId))
  const secret = percentEncoded(client.secret)
  const pair = secretConcat([id, Buffer.from(':'), secret])
  const encoded = base64(pair)
  const value = secretConcat([Buffer.from('Basic '), encoded])
  for (const part of [secret, pair, encoded]) part.fill(0)
  return value
}

function formBody(parameters: readonly TokenParameter[]): Buffer {
  const encoded = parameters.map(({ value }) => percentEncoded(value))
  const parts = parameters.flatMap(({ name }, i) => [Buffer.from(`${i === 0 ? '' : '&'}${name}=`), encoded[i]!])
  const body = secretConcat(parts)
  for (const part of encoded) part.fill(0)
  return body
}

function jsonBody(parameters: readonly TokenParameter[]): Buffer {
  const escaped = parameters.map(({ value }) => jsonEscaped(value))
  const parts = parameters.flatMap(({ name }, i) => [Buffer.from(`${i === 0 ? '{' : ','}"${name}":"`), escaped[i]!, Buffer.from('"')])
  const body = secretConcat([...parts, Buffer.from('}')])
  for (const part of escaped) part.fill(0)
  return body
}
