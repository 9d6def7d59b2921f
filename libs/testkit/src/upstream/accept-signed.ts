import { createHash, createHmac, type KeyObject, verify } from 'node:crypto'
import type { Presented, Refusal } from './accept.ts'
import type { ReceivedRequest } from './received-request.ts'

/** An API that takes signed requests: each signature is recomputed from what arrived, by the published algorithm and nothing of the signer. */
export const acceptSigned: {
  readonly hmac: (rules: HmacRules) => SignedAccept
  readonly sigV4: (rules: SigV4Rules) => SignedAccept
  readonly jwt: (rules: JwtRules) => SignedAccept
  readonly httpMessage: (rules: HttpMessageRules) => SignedAccept
} = { hmac, sigV4, jwt, httpMessage }

type SignedAccept = (presented: Presented) => true | Refusal

const REFUSED = 403

function refused(code: string): Refusal {
  return { status: REFUSED, body: { error: code } }
}

export interface HmacRules {
  readonly hash: string
  readonly key: string
  /** The message as the API documents it. */
  readonly message: (request: ReceivedRequest, header: (name: string) => string) => string
  readonly header: string
  readonly encoding: 'hex' | 'base64' | 'base64url'
}

function hmac({ hash, key, message, header, encoding }: HmacRules): SignedAccept {
  return ({ received, header: of }) => {
    const expected = createHmac(hash, key)
      .update(message(received, (name) => of(name) ?? ''))
      .digest(encoding)
    return of(header) === expected ? true : refused('SignatureDoesNotMatch')
  }
}

export interface SigV4Rules {
  /** Secret access keys by id. */
  readonly keys: Readonly<Record<string, string>>
  readonly scope: string
  /** The API's clock. */
  readonly now: () => number
}

const CREDENTIAL = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^,]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
/** As AWS allows. */
const MOST_SKEW_MS = 15 * 60_000

/** docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function sigV4({ keys, scope, now }: SigV4Rules): SignedAccept {
  return ({ received, header }) => {
    const [, id = '', day = '', sent = '', signedHeaders = '', signature] = CREDENTIAL.exec(header('authorization') ?? '') ?? []
    const time = header('x-amz-date') ?? ''
    const secret = keys[id]
    if (secret === undefined || sent !== scope || !time.startsWith(day)) return refused('InvalidClientTokenId')
    const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
    if (!(Math.abs(at - now()) <= MOST_SKEW_MS)) return refused('RequestTimeTooSkewed')
    const names = signedHeaders.split(';')
    if (!names.includes('host') || !names.includes('x-amz-date')) return refused('SignatureDoesNotMatch')
    const canonical = [
      received.method,
      ...canonicalTarget(received.path),
      ...names.map((name) => `${name}:${canonicalValue(received, name)}`),
    ]
    const request = [...canonical, '', signedHeaders, header('x-amz-content-sha256') ?? received.bodySha256].join('\n')
    const toSign = ['AWS4-HMAC-SHA256', time, `${day}/${scope}/aws4_request`, createHash('sha256').update(request).digest('hex')].join('\n')
    const steps = [day, ...scope.split('/'), 'aws4_request']
    const key = steps.reduce((last: Buffer, step) => createHmac('sha256', last).update(step).digest(), Buffer.from(`AWS4${secret}`))
    return createHmac('sha256', key).update(toSign).digest('hex') === signature ? true : refused('SignatureDoesNotMatch')
  }
}

function canonicalTarget(target: string): [string, string] {
  const url = new URL(target, 'http://api.invalid')
  const path = url.pathname.replaceAll(/\/+/g, '/').split('/').map(strictly).join('/')
  const pairs = [...url.searchParams].map(([name, value]) => `${strictly(name)}=${strictly(value)}`)
  return [path, pairs.sort((a, b) => (a < b ? -1 : 1)).join('&')]
}

function strictly(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function canonicalValue(request: ReceivedRequest, name: string): string {
  return valuesOf(request, name)
    .map((value) => value.trim().replaceAll(/ +/g, ' '))
    .join(',')
}

export interface JwtRules {
  readonly alg: 'RS256' | 'ES256' | 'EdDSA'
  readonly key: KeyObject
  readonly claims: Readonly<Record<string, unknown>>
  readonly now: () => number
}

/** RFC 7519 §7.2, for one algorithm and claims that are known. */
function jwt({ alg, key, claims, now }: JwtRules): SignedAccept {
  return ({ token = '' }) => {
    const [header = '', payload = '', signature = ''] = token.split('.')
    const options = { key, ...(alg === 'ES256' ? { dsaEncoding: 'ieee-p1363' as const } : {}) }
    const bytes = Buffer.from(`${header}.${payload}`)
    if (!verify(alg === 'EdDSA' ? null : 'sha256', bytes, options, Buffer.from(signature, 'base64url'))) return refused('BadSignature')
    const [said, own] = [jsonOf(header), jsonOf(payload)]
    if (said.alg !== alg || Object.entries(claims).some(([name, value]) => JSON.stringify(own[name]) !== JSON.stringify(value))) {
      return refused('BadClaims')
    }
    const seconds = now() / 1000
    return Number(own.iat) <= seconds && Number(own.exp) > seconds ? true : refused('TokenExpired')
  }
}

function jsonOf(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
}

export interface HttpMessageRules {
  readonly key: KeyObject
  readonly keyId: string
  readonly label: string
  /** What must be covered. */
  readonly components: readonly string[]
  readonly authority: string
}

/** RFC 9421 §3.2 for Ed25519, and the digest of RFC 9530 §2. */
function httpMessage({ key, keyId, label, components, authority }: HttpMessageRules): SignedAccept {
  return ({ received, header }) => {
    const input = header('signature-input') ?? ''
    const signature = /:([A-Za-z0-9+/=]+):$/.exec(header('signature') ?? '')?.[1] ?? ''
    const covered = [...(/\(([^)]*)\)/.exec(input)?.[1] ?? '').matchAll(/"([^"]+)"/g)].map(([, name = '']) => name)
    if (!input.startsWith(`${label}=(`) || !input.includes(`;keyid="${keyId}"`)) return refused('UnknownKey')
    if (components.some((name) => !covered.includes(name))) return refused('NotCovered')
    const base = [
      ...covered.map((name) => `"${name}": ${componentOf(received, name, authority)}`),
      `"@signature-params": ${input.slice(label.length + 1)}`,
    ]
    if (!verify(null, Buffer.from(base.join('\n')), key, Buffer.from(signature, 'base64'))) return refused('BadSignature')
    const digest = `sha-256=:${Buffer.from(received.bodySha256, 'hex').toString('base64')}:`
    return !covered.includes('content-digest') || header('content-digest') === digest ? true : refused('BadDigest')
  }
}

function componentOf(request: ReceivedRequest, name: string, authority: string): string {
  const [path = '', query = ''] = request.path.split('?')
  const derived: Readonly<Record<string, string>> = {
    '@method': request.method,
    '@authority': authority,
    '@path': path,
    '@query': `?${query}`,
  }
  return derived[name] ?? valuesOf(request, name).join(', ')
}

function valuesOf({ rawHeaders }: ReceivedRequest, name: string): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
}
