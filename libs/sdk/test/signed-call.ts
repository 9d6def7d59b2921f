import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const NOW: number = Date.UTC(2026, 0, 2, 3, 4, 5)
export const PROJECT: string = `proj_${'0'.repeat(26)}`
export const AUDIENCE = 'https://api.team.example'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
export const JWKS: { keys: object[] } = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA' }] }

export interface SignedCall {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

export interface CallOptions {
  readonly method?: string
  /** Path and query. */
  readonly target?: string
  readonly authority?: string
  readonly body?: string
  readonly claim?: string
  readonly nonce?: string
  /** Seconds. */
  readonly created?: number
  readonly key?: KeyObject
  readonly kid?: string
  readonly components?: readonly string[]
  readonly tag?: string
  readonly label?: string
}

let calls = 0

/** A call as the platform signs it, by RFC 9421 §2 and §3 and nothing of the code that verifies it. */
export function signedCall(options: CallOptions = {}): SignedCall {
  const { method = 'POST', target = '/v1/orders?id=7', authority = 'api.team.example', body = '{"a":1}', nonce = `n${++calls}` } = options
  const { created = NOW / 1000, key = privateKey, kid = 'k1', tag = 'credence-proxy', label = 'credence' } = options
  const claim = options.claim ?? `user="usr_1", names=("id:ann" %"id:%c3%84nne"), capability="cap_1", project="${PROJECT}", trace="t1"`
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  const [path = '', query] = target.split('?')
  const values: Record<string, string> = {
    '@method': method,
    '@authority': authority,
    '@path': path,
    '@query': `?${query ?? ''}`,
    'content-digest': digest,
    'credence-on-behalf-of': claim,
  }
  const components = options.components ?? Object.keys(values)
  const list = components.map((name) => `"${name}"`).join(' ')
  const parameters = `(${list});created=${created};expires=${created + 120};keyid="${kid}";nonce="${nonce}";alg="ed25519";tag="${tag}"`
  const base = [...components.map((name) => `"${name}": ${values[name]}`), `"@signature-params": ${parameters}`].join('\n')
  return {
    method,
    url: `https://api.team.example${target}`,
    body,
    headers: {
      'content-type': 'application/json',
      'content-digest': digest,
      'credence-on-behalf-of': claim,
      'signature-input': `${label}=${parameters}`,
      signature: `${label}=:${sign(null, Buffer.from(base), key).toString('base64')}:`,
    },
  }
}

export function requestOf({ method, url, headers, body }: SignedCall): Request {
  return new Request(url, { method, headers, ...(method === 'GET' ? {} : { body }) })
}
