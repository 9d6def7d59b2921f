import { CodedError, isCoded } from '@credence/errors'
import { fillUrl } from '@credence/provider'
import { parseRetryAfter } from '@credence/refresh-protocol'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import { MOST_ANSWER_BYTES, readAll } from '../grant/token-endpoint.ts'
import type { Child } from './child.ts'
import { countProbe } from './measure.ts'
import { type OpenSecret, openForCall } from './open.ts'
import { prepare } from './prepare.ts'
import { auditBase, usedBy } from './record-change.ts'
import { createScrubber } from './scrub.ts'
import type { VaultContext } from './vault-context.ts'

/** The one safe call that proves a credential, as the verifier chose it. */
export interface ProbeCall {
  readonly method: string
  /** A URL template of the provider; below `proxy_url` when it begins with a slash. */
  readonly url: string
  readonly expect: readonly number[]
  /** JSON pointers; the first that finds something wins. */
  readonly accountIdPointers: readonly string[]
  readonly accountNamePointers: readonly string[]
  readonly body: string
  /** The answer counts only when the value at this pointer is true; empty: its status is enough. */
  readonly okPointer: string
}

export interface ProbeResult {
  /** 0: no answer came. */
  readonly status: number
  readonly expected: boolean
  readonly account?: { readonly id: string; readonly name: string }
  readonly failure: string
  readonly retryAfterMs?: number
  readonly version: number
  /** The provider was asked about the secret and said that it is not in force. */
  readonly denied?: boolean
}

const DEADLINE_MS = 20_000
const MOST_NAME_LENGTH = 200

/** Makes the call with the secret in force or with a candidate; only hosts of its `verify` list. Nothing is repeated. */
export async function probe(
  vault: VaultContext,
  principal: Principal,
  order: { credentialId: string; candidateId: string; call: ProbeCall },
): Promise<ProbeResult> {
  const child = await vault.children.need(order.credentialId)
  refuseClosed(vault, principal, { child, candidateId: order.candidateId })
  const base = {
    ...auditBase(vault, { ...principal, project: child.project }),
    action: 'probe' as const,
    credential: child.id,
    method: order.call.method,
    ...usedBy(child),
  }
  await vault.audit.append({ ...base, phase: 'began' })
  const end = (outcome: string, status = 0): Promise<void> =>
    vault.audit.append({ ...base, at: vault.clock.now(), phase: 'ended', outcome, status }).catch(() => undefined)
  try {
    using secret = await openForCall(vault, child, order.candidateId)
    const result = await span('vault.probe', { credential_id: child.id, method: order.call.method }, () =>
      callOut(vault, { child, secret, call: order.call, isCandidate: order.candidateId !== '' }),
    )
    countProbe(vault.metrics, result)
    await end(result.failure === '' ? (result.expected ? 'ok' : 'unexpected') : result.failure, result.status)
    return result
  } catch (error) {
    await end(isCoded(error) ? error.code : 'INTERNAL')
    throw error
  }
}

/** DESIGN §3, access fence: active: all; expired: a candidate; disabled: none. */
function refuseClosed(vault: VaultContext, principal: Principal, order: { child: Child; candidateId: string }): void {
  const { child, candidateId } = order
  if (principal.project !== '' && child.project !== principal.project) throw new CodedError('NOT_FOUND')
  const told = { credentialId: child.id, reconnectUrl: vault.reconnectUrl(child.id) }
  if (child.access?.state === 'disabled') throw new CodedError('CREDENTIAL_DISABLED', undefined, told)
  if (candidateId !== '' || child.access?.state === 'active') return
  if (child.access === undefined) throw new CodedError('NOT_FOUND')
  throw new CodedError('CREDENTIAL_EXPIRED', undefined, told)
}

/** In the tick that writes: a fence that closed meanwhile stops the probe, as it stops a use. */
function compareState(vault: VaultContext, child: Child, isCandidate: boolean): void {
  const state = vault.floors.state(child.id)
  if (state === undefined || state === 'active' || (state === 'expired' && isCandidate)) return
  throw new CodedError(state === 'expired' ? 'CREDENTIAL_EXPIRED' : 'CREDENTIAL_DISABLED', undefined, { credentialId: child.id })
}

interface CallOut {
  readonly child: Child
  readonly secret: OpenSecret
  readonly call: ProbeCall
  readonly isCandidate: boolean
}

async function callOut(vault: VaultContext, { child, secret, call, isCandidate }: CallOut): Promise<ProbeResult> {
  const url = new URL(fillUrl(secret.recipe, call.url, secret.plain))
  const headers: [string, string][] = [
    ['accept', 'application/json'],
    ['accept-encoding', 'identity'],
    ['user-agent', 'credence'],
    ...(call.body === '' ? [] : [['content-type', 'application/json'] as [string, string]]),
  ]
  const { probe: declared } = secret.recipe
  const about = declared?.url === call.url ? declared.placements : undefined
  const body = call.body === '' ? undefined : Buffer.from(call.body)
  using request = prepare(vault, secret, { url, headers, method: call.method, body, ...(about === undefined ? {} : { placements: about }) })
  const nothing = { status: 0, expected: false, version: child.version }
  try {
    const answer = await vault.egress.send({
      project: child.project,
      method: call.method,
      url: request.url,
      hosts: secret.hosts.verify,
      headers: request.headers,
      secrets: request.secrets,
      ...(body === undefined ? {} : { body }),
      deadlineMs: DEADLINE_MS,
      maxResponseBytes: MOST_ANSWER_BYTES,
      beforeWrite: () => compareState(vault, child, isCandidate),
    })
    const header = (name: string): string | undefined => answer.headers.find(([given]) => given.toLowerCase() === name)?.[1]
    const encoding = call.method === 'HEAD' ? undefined : header('content-encoding')
    const json = jsonOf(await readAll(createScrubber(request.needles).body(encoding, answer.body)))
    const account = named(accountOf(json, call), (isCandidate ? child.candidate : child)?.native?.account)
    const ok = call.okPointer === '' || valueAt(json, call.okPointer)
    const expected = call.expect.includes(answer.status) && ok === true
    const denied = about !== undefined && call.expect.includes(answer.status) && ok === false
    const retryAfterMs = parseRetryAfter(header('retry-after') ?? '', vault.clock.now())
    return {
      status: answer.status,
      expected,
      failure: '',
      version: child.version,
      denied,
      ...(expected && account !== undefined ? { account } : {}),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }
  } catch (error) {
    if (!isCoded(error)) throw error
    return { ...nothing, failure: error.code }
  }
}

/** An answer about a token says whose it is by id alone; the name was read when the person signed in. */
function named(account: Account | undefined, known: Account | undefined): Account | undefined {
  return account !== undefined && account.id === known?.id ? known : account
}

type Account = { readonly id: string; readonly name: string }

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function accountOf(json: unknown, call: ProbeCall): { id: string; name: string } | undefined {
  const first = (pointers: readonly string[]): string => pointers.map((pointer) => textAt(json, pointer)).find((text) => text !== '') ?? ''
  const id = first(call.accountIdPointers)
  const name = first(call.accountNamePointers)
  return id === '' && name === '' ? undefined : { id: id === '' ? name : id, name: name === '' ? id : name }
}

/** Control characters are dropped: the name is shown to people. */
function textAt(json: unknown, pointer: string): string {
  const value = valueAt(json, pointer)
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return text.replace(/[\u0000-\u001f\u007f]/g, '').slice(0, MOST_NAME_LENGTH)
}

/** RFC 6901. */
function valueAt(json: unknown, pointer: string): unknown {
  let value: unknown = json
  for (const part of pointer.slice(1).split('/')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, part.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  return value
}
