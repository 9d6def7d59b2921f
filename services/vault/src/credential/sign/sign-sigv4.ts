import type { SignSigV4 } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { encodeBytes } from '../encode-bytes.ts'
import { sameHeader } from '../inject.ts'
import { canonicalHeaders, canonicalPath, canonicalQuery } from './canonical-request.ts'
import { digestOf, hmac } from './hmac.ts'
import { renderTemplate, type SignContext } from './render-template.ts'
import type { RequestDraft } from './request-draft.ts'

const ALGORITHM = 'AWS4-HMAC-SHA256'
const UNSIGNED = 'UNSIGNED-PAYLOAD'
const CONTENT_SHA256 = 'X-Amz-Content-Sha256'

interface Scope {
  /** `20150830T123600Z` */
  readonly time: string
  /** `<date>/<region>/<service>/aws4_request` */
  readonly scope: Buffer
  readonly credential: Buffer
}

/** AWS Signature Version 4, in the headers or in the query. */
export function signSigV4(sign: SignSigV4, context: SignContext): void {
  const { draft } = context
  const scope = scopeOf(sign, context)
  const payload = sign.unsignedPayload ? UNSIGNED : hexOf(draft.body ?? Buffer.alloc(0))
  const token = sign.sessionToken === undefined ? undefined : renderTemplate(sign.sessionToken, context)
  // That the body is not signed must be said, and in the query nothing else is: there it is the rule of the service.
  const isSaid = sign.contentSha256 || (sign.unsignedPayload && sign.in === 'header')
  // A digest that the caller wrote would be signed beside ours, and the service takes it for the body's.
  if (isSaid || draft.headerNames.some((name) => sameHeader(name, CONTENT_SHA256))) draft.setHeader(CONTENT_SHA256, Buffer.from(payload))
  draft.dropHeader('X-Amz-Security-Token')
  const order = { scope, payload, token: token?.byteLength === 0 ? undefined : token }
  if (sign.in === 'query') signInQuery(sign, context, order)
  else signInHeaders(sign, context, order)
}

interface Order {
  readonly scope: Scope
  /** Hex of the body's digest, or the word that says there is none. */
  readonly payload: string
  readonly token: Buffer | undefined
}

function signInHeaders(sign: SignSigV4, context: SignContext, { scope, payload, token }: Order): void {
  const { draft } = context
  draft.setHeader('X-Amz-Date', Buffer.from(scope.time))
  if (token !== undefined) draft.setHeader('X-Amz-Security-Token', secretConcat([token]))
  const names = signedNames(sign, draft)
  const signature = signatureOf(sign, context, { scope, canonical: canonicalRequest(sign, draft, { names, payload }) })
  const [credential, rest] = [`${ALGORITHM} Credential=`, `, SignedHeaders=${names.join(';')}, Signature=`]
  draft.setHeader('Authorization', secretConcat([Buffer.from(credential), scope.credential, Buffer.from(rest), signature]))
}

function signInQuery(sign: SignSigV4, context: SignContext, { scope, payload, token }: Order): void {
  const { draft } = context
  const names = signedNames(sign, draft)
  draft.dropParameter('X-Amz-Signature')
  draft.setParameter('X-Amz-Algorithm', Buffer.from(ALGORITHM))
  draft.setParameter('X-Amz-Credential', scope.credential)
  draft.setParameter('X-Amz-Date', Buffer.from(scope.time))
  draft.setParameter('X-Amz-Expires', Buffer.from(String(sign.expiresSeconds)))
  if (token !== undefined) draft.setParameter('X-Amz-Security-Token', token)
  draft.setParameter('X-Amz-SignedHeaders', Buffer.from(names.join(';')))
  draft.setParameter('X-Amz-Signature', signatureOf(sign, context, { scope, canonical: canonicalRequest(sign, draft, { names, payload }) }))
}

function scopeOf(sign: SignSigV4, context: SignContext): Scope {
  const time = `${new Date(context.timeMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const [region, service, id] = [sign.region, sign.service, sign.accessKeyId].map((template) => renderTemplate(template, context))
  const slash = Buffer.from('/')
  const { draft } = context
  const scope = draft.scratch(secretConcat([Buffer.from(time.slice(0, 8)), slash, region!, slash, service!, Buffer.from('/aws4_request')]))
  return { time, scope, credential: draft.scratch(secretConcat([id!, slash, scope])) }
}

/** What the API compares is what arrives: only headers that nobody on the way touches are signed. */
function signedNames(sign: SignSigV4, draft: RequestDraft): readonly string[] {
  const isSigned = (name: string): boolean => name === 'content-type' || name.startsWith('x-amz-') || sign.signedHeaders.includes(name)
  return ['host', ...draft.headerNames.filter((name) => name !== 'authorization' && isSigned(name))].sort()
}

function canonicalRequest(sign: SignSigV4, draft: RequestDraft, part: { names: readonly string[]; payload: string }): Buffer {
  const { names, payload } = part
  return draft.scratch(
    secretConcat([
      Buffer.from(`${draft.method}\n${canonicalPath(draft.path, sign.pathEncoding)}\n`),
      draft.scratch(canonicalQuery(draft.query())),
      Buffer.from('\n'),
      draft.scratch(canonicalHeaders(draft, names)),
      Buffer.from(`\n${names.join(';')}\n${payload}`),
    ]),
  )
}

/** The derived keys live for this call. */
function signatureOf(sign: SignSigV4, context: SignContext, { scope, canonical }: { scope: Scope; canonical: Buffer }): Buffer {
  const { draft } = context
  const [region, service, secret] = [sign.region, sign.service, sign.secretAccessKey].map((template) => renderTemplate(template, context))
  const steps = [Buffer.from(scope.time.slice(0, 8)), region!, service!, Buffer.from('aws4_request')]
  const key = steps.reduce(
    (last, step) => draft.scratch(hmac('sha256', last, [step])),
    draft.scratch(secretConcat([Buffer.from('AWS4'), secret!])),
  )
  const toSign = draft.scratch(
    secretConcat([Buffer.from(`${ALGORITHM}\n${scope.time}\n`), scope.scope, Buffer.from(`\n${hexOf(canonical)}`)]),
  )
  const signature = draft.scratch(encodeBytes(draft.scratch(hmac('sha256', key, [toSign])), 'hex'))
  draft.needle(signature)
  return signature
}

/** Of what is sent, or of what nobody can compute without knowing it: no secret. */
function hexOf(bytes: Uint8Array): string {
  return digestOf('sha256', bytes).toString('hex')
}
