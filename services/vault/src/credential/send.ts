import type { Readable } from 'node:stream'
import type { OutboundResponse } from '@credence/egress'
import { CodedError, isCoded } from '@credence/errors'
import { needsBody } from '@credence/provider/sign'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import type { Callers } from '../caller/caller.ts'
import type { OnBehalfSigner } from '../signing/sign-on-behalf-of.ts'
import { channelFields } from '../thirdparty/channel.ts'
import { throughMask } from '../thirdparty/mask-tokens.ts'
import { readRefusal } from '../thirdparty/refused-token.ts'
import { type Admitted, type Asked, admit, type Permitted, permitted } from './admit.ts'
import { awaitRefresh } from './await-refresh.ts'
import { type CallBody, callBody, StreamedBody } from './call-body.ts'
import { requestHeaders, responseHeaders, unpackedHeaders } from './headers.ts'
import type { InjectedRequest } from './inject.ts'
import { type CallTimes, countDenial, measureCall } from './measure.ts'
import { openFor } from './open-for.ts'
import { prepareFor } from './prepare.ts'
import { ageMs } from './read-at.ts'
import type { Refresh } from './refresh.ts'
import type { RefreshContext } from './refresh-context.ts'
import { isWorthRenewal, reportRefusal } from './report-refusal.ts'
import { createScrubber } from './scrub.ts'
import type { VaultContext } from './vault-context.ts'

export interface ProxyCall extends Asked {
  /** `path` and query are below the provider's `proxy_url`. */
  readonly headers: readonly (readonly [string, string])[]
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

export interface SendContext extends VaultContext, OnBehalfSigner, Pick<RefreshContext, 'refreshTimes'> {
  readonly refresh: Refresh
  readonly callers: Pick<Callers, 'inForce' | 'confirm'>
  readonly maxRequestBytes: number
}

type Outgoing = Omit<ProxyCall, 'body'> & { readonly body: CallBody; readonly times: CallTimes }

/** Five seconds where each read is too old when the secret could be written; more often it is not read in vain. */
const MOST_FENCE_READS = 20

/** The hot path, DESIGN §4 steps 2 to 5: one document read, policy, durable audit, decrypt, send, scrubbed answer. */
export async function send(vault: SendContext, principal: Principal, call: ProxyCall): Promise<ProxyAnswer> {
  const body = await callBody(call, vault.maxRequestBytes)
  // What the caller takes to send is no time of ours.
  const measured = measureCall(vault.metrics)
  try {
    const answer = await sendTimed(vault, principal, { ...call, body, times: measured.times })
    measured.answered(answer.status)
    return answer
  } catch (error) {
    measured.failed(error)
    throw error
  }
}

async function sendTimed(vault: SendContext, principal: Principal, sent: Outgoing): Promise<ProxyAnswer> {
  let admitted = await admit(vault, principal, { ...sent, action: 'send' })
  const call = { ...sent, body: await bodyToSign(vault, admitted, sent.body) }
  const { body } = call
  let answer = await attempt(vault, admitted, call)
  let replayed = false
  const isRefused = answer.upstream.status === 401 || answer.refused
  const renewal = isRefused ? await renew(vault, admitted, call) : 'none'
  if (renewal === 'newer' && !call.noReplay && !(body instanceof StreamedBody)) {
    answer.drop()
    admitted = await admit(vault, principal, { ...call, action: 'send' })
    answer = await attempt(vault, admitted, call)
    replayed = true
  }
  // Told once per version: whoever verifies it makes one call of his own before anything is declared expired. A refused
  // access token says nothing of a grant whose refresh is open: that the token endpoint's answer decides (REFRESH 4.8).
  const { child } = admitted
  const isLost = answer.upstream.status === 401 || answer.refused
  if (isLost && renewal !== 'open' && child !== undefined) await reportRefusal(vault, child).catch(() => undefined)
  return { ...answer.finish(), replayed }
}

/** A signature that covers the body needs all of it, before anything is decrypted: a slow sender must not keep a secret open. */
async function bodyToSign(vault: SendContext, { child, capability, base, onBehalfOf }: Admitted, body: CallBody): Promise<CallBody> {
  if (!(body instanceof StreamedBody)) return body
  const { sign } = await vault.recipes.get(child?.recipe ?? capability?.recipe ?? '')
  if (onBehalfOf === undefined && (sign === undefined || !needsBody(sign))) return body
  try {
    return await body.whole()
  } catch (error) {
    end(vault, base, { outcome: codeOf(error) })
    throw error
  }
}

/** `none`: there is nothing to refresh · `newer`: another secret is in force than the one that the API refused · `open`: not yet. */
type Renewal = 'none' | 'newer' | 'open'

/** A refresh that fails leaves the caller the API's own answer. */
async function renew(vault: SendContext, { principal, child, recipe }: Admitted, { signal, times }: Outgoing): Promise<Renewal> {
  // A token that is exchanged for the next one is worth nothing once it is refused: there is nothing to send.
  if (child?.token === undefined || recipe.oauth?.exchange !== undefined) return 'none'
  if (!isWorthRenewal(child, vault.clock.now())) return 'none'
  const seconds = vault.metrics.stopwatch()
  try {
    const order = { credentialId: child.id, expectedVersion: child.version, cause: 'unauthorized' as const }
    const { outcome, child: found } = await vault.refresh(principal, order)
    if ((found?.version ?? 0) > child.version) return 'newer'
    // Where there is one replica, whoever holds the lease is a former life of it.
    if (outcome === 'waiting' && vault.fenceMaxAgeMs > 0) return (await awaitRefresh(vault, child, signal)) ? 'newer' : 'open'
    return outcome === 'no_refresh_token' ? 'none' : 'open'
  } catch {
    return 'open'
  } finally {
    times.refresh += seconds()
  }
}

/** Steps 1 to 3 and the decrypt, then nothing: the answer is empty, or the error that `send` would give. */
export async function check(vault: VaultContext, principal: Principal, asked: Asked): Promise<void> {
  const admitted = await admit(vault, principal, { ...asked, action: 'check' })
  const { base } = admitted
  try {
    using _secret = await openFor(vault, admitted)
    end(vault, base, { outcome: 'ok' })
  } catch (error) {
    end(vault, base, { outcome: codeOf(error) })
    throw error
  }
}

interface Attempt {
  readonly upstream: OutboundResponse
  /** The provider says so in its own way. */
  readonly refused: boolean
  /** Ends the call and wipes, without an answer for the caller. */
  drop(): void
  finish(): Omit<ProxyAnswer, 'replayed'>
}

/** Step 4. A fence that moved before the secret was written is read and judged again. */
async function attempt(vault: SendContext, admitted: Admitted, call: Outgoing): Promise<Attempt> {
  let permit: Permitted = admitted
  try {
    for (let reads = 1; reads <= MOST_FENCE_READS; reads++) {
      const answer = await attemptOnce(vault, { ...admitted, ...permit }, call)
      if (answer !== undefined) return answer
      await vault.callers.confirm(admitted.principal)
      permit = await permitted(vault, admitted.principal, call)
    }
    throw new CodedError('UNAVAILABLE', 'The vault is too busy to use a secret while it knows that it may: try again later.')
  } catch (error) {
    countDenial(vault.metrics, error)
    end(vault, admitted.base, { outcome: codeOf(error) })
    throw error
  }
}

/** Thrown in the write hook: the use did not begin. */
class FenceMoved extends Error {}

/** Undefined when the fence moved, and then nothing was sent. */
async function attemptOnce(vault: SendContext, admitted: Admitted, call: Outgoing): Promise<Attempt | undefined> {
  const { target, base } = admitted
  using secret = await openFor(vault, admitted)
  const { body, contentLength, method } = call
  const { recipe } = secret
  const fields = channelFields(secret.fields, recipe, admitted.channel)
  const headers = recipe.native === undefined ? requestHeaders(call.headers) : unpackedHeaders(call.headers)
  const streamed = body instanceof StreamedBody
  const order = { secret: { ...secret, fields }, project: base.project, onBehalfOf: admitted.onBehalfOf }
  const request = await prepareFor(vault, order, { url: target, headers, method, body: streamed ? undefined : body })
  const seconds = vault.metrics.stopwatch()
  try {
    const upstream = await span('vault.send', { credential_id: base.credential, method, url_host: target.host }, () =>
      vault.egress.send({
        project: base.project,
        method,
        url: request.url,
        hosts: secret.hosts.use,
        headers: request.headers,
        secrets: request.secrets,
        ...(body === undefined ? {} : { body: streamed ? body.chunks() : body }),
        ...(streamed && contentLength !== undefined ? { contentLength } : {}),
        signal: call.signal,
        beforeWrite: () => {
          compareFence(vault, admitted)
          if (streamed) body.leave()
        },
      }),
    )
    return answered(vault, { ...(await readRefusal(upstream, recipe)), request, admitted, call })
  } catch (error) {
    request[Symbol.dispose]()
    if (error instanceof FenceMoved) return undefined
    throw error
  } finally {
    call.times.provider += seconds()
  }
}

/** In the tick that writes the secret: the caller's key is in force, the fences are the newest, and were read a moment ago. */
function compareFence(vault: SendContext, { principal, fences, readAt, until = Number.POSITIVE_INFINITY }: Admitted): void {
  if (vault.clock.now() >= until) throw new FenceMoved()
  if (!vault.callers.inForce(principal)) throw new FenceMoved()
  if (fences.some(({ id, generation }) => vault.floors.generation(id) > generation)) throw new FenceMoved()
  if (vault.fenceMaxAgeMs > 0 && ageMs(vault.clock, readAt) > vault.fenceMaxAgeMs) throw new FenceMoved()
}

interface Answered {
  readonly upstream: OutboundResponse
  readonly refused: boolean
  readonly request: InjectedRequest
  readonly admitted: Admitted
  readonly call: Outgoing
}

function answered(vault: VaultContext, { upstream, refused, request, admitted: { base, recipe }, call }: Answered): Attempt {
  for (const { bytes } of request.secrets) bytes.fill(0)
  const { status } = upstream
  const give = (outcome: string): void => {
    request[Symbol.dispose]()
    upstream.body.destroy()
    end(vault, base, { outcome, status })
  }
  return {
    upstream,
    refused,
    drop: () => give('unauthorized'),
    finish() {
      try {
        const scrubber = createScrubber(request.needles)
        // The scrubber has copies of its own and wipes them with the body.
        request[Symbol.dispose]()
        const headers = scrubber.headers(responseHeaders(upstream.headers))
        const encoding = upstream.headers.find(([name]) => name.toLowerCase() === 'content-encoding')?.[1]
        const prefix = recipe.native?.tokenPrefix
        const scrubbed = scrubber.body(encoding, upstream.body)
        const body = prefix === undefined ? scrubbed : throughMask(scrubbed, prefix)
        // A caller who has had enough is no failure of the credential.
        body.once('close', () => end(vault, base, { outcome: body.errored && !call.signal.aborted ? codeOf(body.errored) : 'ok', status }))
        return { status, headers, body }
      } catch (error) {
        give(codeOf(error))
        throw error
      }
    },
  }
}

function end(vault: VaultContext, base: Admitted['base'], result: { readonly outcome: string; readonly status?: number }): void {
  vault.audit.note({ ...base, at: vault.clock.now(), phase: 'ended', ...result })
}

function codeOf(error: unknown): string {
  return isCoded(error) ? error.code : 'INTERNAL'
}
