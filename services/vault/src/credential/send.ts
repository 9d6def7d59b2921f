import type { Readable } from 'node:stream'
import type { OutboundResponse } from '@credence/egress'
import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import type { AuditRecord } from '../audit/record.ts'
import { authorize } from './authorize.ts'
import type { Access, Child } from './child.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { inject } from './inject.ts'
import { openSecret } from './open.ts'
import { auditBase } from './record-change.ts'
import type { Refresh } from './refresh.ts'
import { reportRefusal } from './report-refusal.ts'
import { createScrubber } from './scrub.ts'
import { targetOf } from './target.ts'
import type { VaultContext } from './vault-context.ts'

export interface ProxyCall {
  readonly credentialId: string
  readonly method: string
  /** Path and query below the provider's `proxy_url`. */
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly consumer: string
  readonly noReplay: boolean
  readonly body?: AsyncIterable<Uint8Array>
  readonly contentLength?: number
  readonly signal: AbortSignal
}

export interface ProxyAnswer {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  /** Scrubbed. Destroying it ends the call upstream. */
  readonly body: Readable
  readonly replayed: boolean
}

export interface SendContext extends VaultContext {
  readonly refresh: Refresh
  readonly maxRequestBytes: number
}

/** What `Send` and `Check` share: who, which child, whether, and the record on the disk. */
interface Admitted {
  readonly principal: Principal
  readonly child: Child & { access: Access }
  /** Monotonic time at which the read of the fence was sent. */
  readonly readAtMs: number
  readonly base: Omit<AuditRecord, 'phase'>
}

/** A body of this size is kept until the answer's status is known, so that the call can be replayed after a refresh. */
const REPLAYABLE_BYTES = 64 * 1024
/** Somebody changes the fence faster than we read it. */
const MOST_FENCE_READS = 5

/** The hot path, DESIGN §4 steps 2 to 5: one document read, policy, durable audit, decrypt, send, scrubbed answer. */
export async function send(vault: SendContext, principal: Principal, call: ProxyCall): Promise<ProxyAnswer> {
  if ((call.contentLength ?? 0) > vault.maxRequestBytes) throw new CodedError('REQUEST_TOO_LARGE')
  const body = await replayableBody(call)
  let admitted = await admit(vault, principal, { ...call, action: 'send' })
  let answer = await attempt(vault, admitted, { ...call, body })
  let replayed = false
  if (answer.upstream.status === 401 && admitted.child.token !== undefined) {
    const refreshed = await vault.refresh(principal, {
      credentialId: call.credentialId,
      expectedVersion: admitted.child.version,
      cause: 'unauthorized',
    })
    const newer = (refreshed.child?.version ?? 0) > admitted.child.version
    if (newer && !call.noReplay && (body === undefined || body instanceof Uint8Array)) {
      answer.drop()
      admitted = await admit(vault, principal, { ...call, action: 'send' })
      answer = await attempt(vault, admitted, { ...call, body })
      replayed = true
    }
  }
  // Told once per version: whoever verifies it makes one call of his own before anything is declared expired.
  if (answer.upstream.status === 401) await reportRefusal(vault, admitted.child).catch(() => undefined)
  return { ...answer.finish(), replayed }
}

/** Steps 1 to 3 and the decrypt, then nothing: the answer is empty, or the error that `send` would give. */
export async function check(
  vault: VaultContext,
  principal: Principal,
  call: Pick<ProxyCall, 'credentialId' | 'method' | 'path' | 'consumer'>,
): Promise<void> {
  const { child, base } = await admit(vault, principal, { ...call, action: 'check' })
  using _secret = await openSecret(vault, child)
  void vault.audit.append({ ...base, phase: 'ended', outcome: 'ok' }).catch(() => undefined)
}

async function admit(
  vault: VaultContext,
  principal: Principal,
  call: Pick<ProxyCall, 'credentialId' | 'method' | 'path' | 'consumer'> & { readonly action: 'send' | 'check' },
): Promise<Admitted> {
  const consumer = call.consumer === '' ? {} : { consumer: call.consumer }
  const base = { ...auditBase(vault, principal), action: call.action, credential: call.credentialId, method: call.method, ...consumer }
  try {
    const readAtMs = vault.clock.monotonicMs()
    const child = await vault.children.read(call.credentialId)
    authorize(principal, child, { consumer: call.consumer, reconnectUrl: vault.reconnectUrl })
    const recipe = await vault.recipes.get(child.recipe)
    if (!recipe.proxyEnabled) throw new CodedError('PROXY_DISABLED', undefined, { credentialId: child.id })
    await vault.audit.append({ ...base, phase: 'began' })
    return { principal, child, readAtMs, base }
  } catch (error) {
    if (isCoded(error) && error.code !== 'AUDIT_UNAVAILABLE') await vault.audit.append({ ...base, phase: 'denied', outcome: error.code })
    throw error
  }
}

type Body = Uint8Array | AsyncIterable<Uint8Array> | undefined

interface Attempt {
  readonly upstream: OutboundResponse
  /** Ends the call and wipes, without an answer for the caller. */
  drop(): void
  finish(): Omit<ProxyAnswer, 'replayed'>
}

/** Step 4. The fence is compared in the tick that writes the secret; a fence that moved is read and judged again. */
async function attempt(vault: SendContext, admitted: Admitted, call: Omit<ProxyCall, 'body'> & { readonly body: Body }): Promise<Attempt> {
  let { child, readAtMs } = admitted
  for (let reads = 1; ; reads++) {
    try {
      return await attemptOnce(vault, { ...admitted, child, readAtMs }, call)
    } catch (error) {
      if (!(error instanceof FenceMoved) || reads === MOST_FENCE_READS) {
        const outcome = isCoded(error) ? error.code : 'INTERNAL'
        void vault.audit.append({ ...admitted.base, at: vault.clock.now(), phase: 'ended', outcome }).catch(() => undefined)
        if (error instanceof FenceMoved) throw new CodedError('CONFLICT')
        throw error
      }
    }
    readAtMs = vault.clock.monotonicMs()
    const again = await vault.children.need(call.credentialId)
    authorize(admitted.principal, again, { consumer: call.consumer, reconnectUrl: vault.reconnectUrl })
    child = again
  }
}

/** Thrown in the write hook: the use did not begin. */
class FenceMoved extends Error {}

async function attemptOnce(
  vault: SendContext,
  admitted: Admitted,
  call: Omit<ProxyCall, 'body'> & { readonly body: Body },
): Promise<Attempt> {
  const { child, readAtMs, base } = admitted
  using secret = await openSecret(vault, child)
  const request = inject({ url: targetOf(secret.hosts, call.path), headers: requestHeaders(call.headers) }, secret.recipe.placements, {
    fields: secret.fields,
    random: vault.random,
  })
  const { body } = call
  try {
    const upstream = await span('vault.send', { credential_id: child.id, method: call.method, url_host: new URL(request.url).host }, () =>
      vault.egress.send({
        project: child.project,
        method: call.method,
        url: request.url,
        hosts: secret.hosts.use,
        headers: request.headers,
        secrets: request.secrets,
        ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : limited(body, vault.maxRequestBytes) }),
        ...(body === undefined || body instanceof Uint8Array || call.contentLength === undefined
          ? {}
          : { contentLength: call.contentLength }),
        signal: call.signal,
        beforeWrite: () => {
          const age = vault.clock.monotonicMs() - readAtMs
          const moved = vault.floors.generation(child.id) > child.access.generation
          if (moved || (vault.fenceMaxAgeMs > 0 && age > vault.fenceMaxAgeMs)) throw new FenceMoved()
        },
      }),
    )
    for (const { bytes } of request.secrets) bytes.fill(0)
    return answered(vault, { upstream, request, base })
  } catch (error) {
    request[Symbol.dispose]()
    throw error
  }
}

function answered(
  vault: VaultContext,
  at: { upstream: OutboundResponse; request: ReturnType<typeof inject>; base: Omit<AuditRecord, 'phase'> },
): Attempt {
  const { upstream, request, base } = at
  const ended = (outcome: string): void => {
    request[Symbol.dispose]()
    void vault.audit.append({ ...base, at: vault.clock.now(), phase: 'ended', outcome, status: upstream.status }).catch(() => undefined)
  }
  return {
    upstream,
    drop() {
      upstream.body.destroy()
      ended('unauthorized')
    },
    finish() {
      try {
        const scrubber = createScrubber(request.needles)
        // The scrubber has copies of its own and wipes them with the body.
        request[Symbol.dispose]()
        const headers = scrubber.headers(responseHeaders(upstream.headers))
        const encoding = upstream.headers.find(([name]) => name.toLowerCase() === 'content-encoding')?.[1]
        const body = scrubber.body(encoding, upstream.body)
        body.once('close', () => ended('ok'))
        return { status: upstream.status, headers, body }
      } catch (error) {
        upstream.body.destroy()
        ended(isCoded(error) ? error.code : 'INTERNAL')
        throw error
      }
    },
  }
}

async function replayableBody(call: ProxyCall): Promise<Body> {
  if (call.body === undefined || call.contentLength === 0) return undefined
  if (call.contentLength === undefined || call.contentLength > REPLAYABLE_BYTES) return call.body
  const chunks: Uint8Array[] = []
  for await (const chunk of call.body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* limited(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncIterable<Uint8Array> {
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) throw new CodedError('REQUEST_TOO_LARGE')
    yield chunk
  }
}
