import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import { type CallSignature, malformed, type ReceivedCall, signatureBase, signatureOf } from './call-signature.ts'
import { fixedKeySet, type JsonWebKeySet, type KeySet, remoteKeySet } from './key-set.ts'
import {
  type ExpressMiddleware,
  expressMiddleware,
  type FastifyHook,
  fastifyHook,
  type NodeLikeRequest,
  verifyNode,
} from './node-adapter.ts'
import { parseOnBehalfOf } from './on-behalf-of.ts'
import { readRequestBody } from './read-body.ts'
import { type NonceStore, rememberNonces } from './seen-nonces.ts'
import { CredenceSignatureError } from './signature-error.ts'
import { parseDictionary } from './structured-fields.ts'
import type { VerifiedCall } from './verified-call.ts'

export interface VerifyOptions {
  /** `{publicUrl}/.well-known/credence/{project}/jwks.json` of your project at the platform. This, or `jwks`. */
  readonly jwksUrl?: string
  readonly jwks?: JsonWebKeySet
  /** Where the platform reaches this backend, `https://api.team.example`: a call that was signed for another place is refused. */
  readonly audience: string | readonly string[]
  /** `proj_…`: refuses calls of another project. The key set of one project does so already. */
  readonly project?: string
  /** Longest body that is read. 10 MiB. */
  readonly maxBodyBytes?: number
  /** How far the clocks may be apart. 60. */
  readonly skewSeconds?: number
  /** How many calls one process remembers at a time. 100,000. */
  readonly maxNonces?: number
  /** Instead of the memory of this process. */
  readonly nonces?: NonceStore
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number
  readonly fetch?: typeof fetch
}

export interface CredenceVerifier {
  /** Of a WHATWG request, whose own body stays unread. Throws CredenceSignatureError. */
  verify(request: Request): Promise<VerifiedCall>
  /** Of a request of node:http; its body is read here unless it is given. Throws CredenceSignatureError. */
  verifyNode(request: NodeLikeRequest, body?: Uint8Array): Promise<VerifiedCall>
  /** For Express: sets `request.credence` and `request.rawBody`. Stands before parsers of bodies, or after `express.raw`. */
  readonly express: ExpressMiddleware
  /** For Fastify, as a `preParsing` hook: sets `request.credence`; the body is parsed as always. */
  readonly fastify: FastifyHook
}

const DEFAULTS = { maxBodyBytes: 10 * 1024 * 1024, skewSeconds: 60, maxNonces: 100_000 }

/** Verifies the calls that the platform makes to this backend on behalf of people. Throws TypeError for options that cannot work. */
export function verifyCredence(options: VerifyOptions): CredenceVerifier {
  const { maxBodyBytes = DEFAULTS.maxBodyBytes, now = Date.now } = options
  const rules: Rules = {
    keys: keysOf(options, now),
    audiences: [options.audience].flat().map(authorityOf),
    project: options.project,
    skewMs: (options.skewSeconds ?? DEFAULTS.skewSeconds) * 1000,
    nonces: options.nonces ?? rememberNonces(options.maxNonces ?? DEFAULTS.maxNonces, now),
    now,
  }
  const check = (call: ReceivedCall): Promise<VerifiedCall> => verifyCall(rules, call)
  return Object.freeze({
    async verify(request: Request) {
      const url = new URL(request.url)
      const body = await readRequestBody(request.clone().body, maxBodyBytes)
      const header = (name: string): string | undefined => request.headers.get(name) ?? undefined
      return check({ method: request.method, host: url.host, target: `${url.pathname}${url.search}`, header, body })
    },
    verifyNode: (request: NodeLikeRequest, body?: Uint8Array) => verifyNode({ check, maxBodyBytes }, request, body),
    express: expressMiddleware({ check, maxBodyBytes }),
    fastify: fastifyHook({ check, maxBodyBytes }),
  })
}

function keysOf({ jwks, jwksUrl, fetch: fetchIt = fetch }: VerifyOptions, now: () => number): KeySet {
  if ((jwks === undefined) === (jwksUrl === undefined)) throw new TypeError('Give either `jwksUrl` or `jwks`.')
  if (jwks !== undefined) return fixedKeySet(jwks)
  const url = URL.parse(jwksUrl ?? '')
  const isLocal = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url?.protocol !== 'https:' && !(isLocal && url.protocol === 'http:')) throw new TypeError('`jwksUrl` is an https address.')
  return remoteKeySet(url.href, { now, fetch: fetchIt })
}

/** RFC 9421 §2.2.3: lower case, without the port of the scheme. */
function authorityOf(audience: string): string {
  const url = URL.parse(audience)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TypeError('`audience` is an address such as https://api.team.example.')
  return url.host
}

interface Rules {
  readonly keys: KeySet
  readonly audiences: readonly string[]
  readonly project: string | undefined
  readonly skewMs: number
  readonly nonces: NonceStore
  readonly now: () => number
}

async function verifyCall(rules: Rules, call: ReceivedCall): Promise<VerifiedCall> {
  const signature = signatureOf(call)
  checkTime(rules, signature)
  checkSignature(rules, { call, signature, key: await rules.keys.find(signature.keyId) })
  checkDigest(call)
  const onBehalfOf = parseOnBehalfOf(call.header('credence-on-behalf-of') ?? '')
  if (onBehalfOf === undefined) throw malformed('`Credence-On-Behalf-Of` cannot be read.')
  if (rules.project !== undefined && onBehalfOf.project !== rules.project)
    throw new CredenceSignatureError('PROJECT_MISMATCH', 'The call is of another project.')
  // Last, so that a call which is refused does not spend the nonce of the one that it was copied from.
  if (!(await rules.nonces.add(signature.nonce, signature.expires * 1000 + rules.skewMs))) {
    throw new CredenceSignatureError('SIGNATURE_REPLAYED', 'A call with this nonce came already.')
  }
  return { onBehalfOf, body: call.body, signedAt: new Date(signature.created * 1000), keyId: signature.keyId }
}

function checkTime({ now, skewMs }: Rules, { created, expires }: CallSignature): void {
  const at = now()
  if (created * 1000 > at + skewMs)
    throw new CredenceSignatureError('SIGNATURE_EXPIRED', 'The signature is of the future: compare the clocks.')
  if (expires * 1000 < at - skewMs || expires < created) throw new CredenceSignatureError('SIGNATURE_EXPIRED', 'The signature has expired.')
}

interface Checked {
  readonly call: ReceivedCall
  readonly signature: CallSignature
  readonly key: KeyObject
}

/** The audience is not what the request says of itself, which a proxy may rewrite: it is what this backend knows of itself. */
function checkSignature({ audiences }: Rules, { call, signature, key }: Checked): void {
  const holdsFor = (authority: string): boolean => {
    const base = signatureBase(call, signature, authority)
    return base !== undefined && verify(null, Buffer.from(base), key, signature.bytes)
  }
  if (audiences.some(holdsFor)) return
  if (holdsFor(call.host.toLowerCase()))
    throw new CredenceSignatureError('AUDIENCE_MISMATCH', 'The call was signed for another place: see `audience`.')
  throw new CredenceSignatureError('SIGNATURE_INVALID', 'The signature does not fit the call.')
}

/** RFC 9530 §2. */
function checkDigest({ header, body }: ReceivedCall): void {
  const said = parseDictionary(header('content-digest') ?? '')?.get('sha-256')?.value
  const made = createHash('sha256').update(body).digest()
  if (said instanceof Uint8Array && said.byteLength === made.byteLength && timingSafeEqual(said, made)) return
  throw new CredenceSignatureError('DIGEST_MISMATCH', 'The body is not the one that was signed.')
}
