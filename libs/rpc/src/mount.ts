import { AsyncLocalStorage } from 'node:async_hooks'
import { CodedError, ERRORS, isCoded } from '@credence/errors'
import { type Logger, type Tracing, withTraceFrom } from '@credence/service'
import { type Metrics, unmeasured } from '@credence/service/metrics'
import type { CallContext, ServiceImplementation, TsProtoServiceDefinition } from 'nice-grpc'
import { ALLOW, type Peer } from './allow-table.ts'
import { toStatus } from './error-status.ts'
import { decodePrincipal, PRINCIPAL_KEY, type Principal, servicePrincipal } from './principal.ts'

/** What a method is told of its call, beside the request. */
export interface RpcContext extends CallContext {
  readonly principal: Principal
  /** The service that called, or `caller`. */
  readonly from: Peer
}

/** A service definition with its implementation; made by `rpcMount`, which checks that they fit. */
export interface RpcMount {
  readonly definition: TsProtoServiceDefinition
  readonly implementation: Readonly<Record<string, (request: never, context: RpcContext) => unknown>>
}

export function rpcMount<D extends TsProtoServiceDefinition>(
  definition: D,
  implementation: ServiceImplementation<D, { principal: Principal; from: Peer }>,
): RpcMount {
  return { definition, implementation: implementation as unknown as RpcMount['implementation'] }
}

/** Set by the listener from the client's certificate; a value that a client sends under this name is dropped first. */
export const PEER_KEY = 'x-credence-peer'

/** How a caller is recognised on the caller listener: by its `authorization` and `credence-user` metadata. */
export type Authenticate = (credentials: { readonly authorization: string; readonly user: string }) => Promise<Principal>

export interface GuardOptions {
  readonly log: Logger
  readonly tracing: Tracing
  readonly metrics?: Metrics
  /** Present on the caller listener; without it the peer is the service that its certificate names. */
  readonly authenticate?: Authenticate
}

type Method = (request: unknown, context: CallContext) => unknown

/**
 * The one way into every method: peer → allow table → principal → trace → the method → errors as statuses. Methods that
 * the listener's callers may not use at all are left out, so they answer UNIMPLEMENTED.
 */
export function guarded(mount: RpcMount, options: GuardOptions): { definition: TsProtoServiceDefinition; methods: Record<string, Method> } {
  const kept: Record<string, TsProtoServiceDefinition['methods'][string]> = {}
  const methods: Record<string, Method> = {}
  for (const [key, method] of Object.entries(mount.definition.methods)) {
    const path = `/${mount.definition.fullName}/${method.name}`
    if (options.authenticate !== undefined && !ALLOW.get(path)?.includes('caller')) continue
    const implementation = mount.implementation[key]
    if (implementation === undefined) throw new TypeError(`${path} has no implementation`)
    kept[key] = method
    const call = implementation.bind(mount.implementation) as (request: unknown, context: RpcContext) => unknown
    methods[key] = method.responseStream ? guardStream(path, call, options) : guardUnary(path, call, options)
  }
  return { definition: { ...mount.definition, methods: kept }, methods }
}

type Call = (request: unknown, context: RpcContext) => unknown

function guardUnary(path: string, call: Call, options: GuardOptions): Method {
  return (request, context) =>
    withTraceFrom(context.metadata.get('traceparent'), () =>
      options.tracing.span(path.slice(1), {}, async () => {
        const ended = clocked(path, options)
        try {
          const response = await call(request, await admit(path, context, options))
          ended('OK')
          return response
        } catch (error) {
          ended(statusOf(error))
          throw refuse(error, path, options)
        }
      }),
    )
}

function guardStream(path: string, call: Call, options: GuardOptions): Method {
  return async function* guardedStream(request, context) {
    // A generator runs in the context of whoever asks for the next item: the snapshot keeps the span around its whole life.
    const trace = context.metadata.get('traceparent')
    const inside = await withTraceFrom(trace, () => options.tracing.span(path.slice(1), {}, async () => AsyncLocalStorage.snapshot()))
    const ended = clocked(path, options)
    // A caller who stops listening ends a stream by `return`, which is no error.
    let code = 'OK'
    try {
      const admitted = await inside(() => admit(path, context, options))
      const items = inside(() => (call(request, admitted) as AsyncIterable<unknown>)[Symbol.asyncIterator]())
      try {
        for (let item = await inside(() => items.next()); !item.done; item = await inside(() => items.next())) yield item.value
      } finally {
        await inside(() => items.return?.())
      }
    } catch (error) {
      code = statusOf(error)
      throw refuse(error, path, options)
    } finally {
      ended(code)
    }
  }
}

/** To be called with the status when the call has ended. */
function clocked(path: string, { metrics = unmeasured }: GuardOptions): (code: string) => void {
  const method = path.slice(1)
  const seconds = metrics.stopwatch()
  return (code) => {
    metrics.count('credence_rpc_calls_total', { method, code })
    metrics.record('credence_rpc_seconds', seconds(), { method })
  }
}

function statusOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'CANCELLED'
  return isCoded(error) ? ERRORS[error.code].grpc : 'INTERNAL'
}

async function admit(path: string, context: CallContext, options: GuardOptions): Promise<RpcContext> {
  if (options.authenticate !== undefined) {
    const authorization = context.metadata.get('authorization') ?? ''
    const principal = await options.authenticate({ authorization, user: context.metadata.get('credence-user') ?? '' })
    return Object.assign(context, { principal, from: 'caller' as const })
  }
  const from = context.metadata.get(PEER_KEY) as Peer | undefined
  if (from === undefined || !ALLOW.get(path)?.includes(from)) {
    throw new CodedError('SCOPE_REQUIRED', `${path} is not open to this service.`)
  }
  const forwarded = context.metadata.get(PRINCIPAL_KEY)
  const principal = forwarded === undefined ? undefined : decodePrincipal(forwarded as Uint8Array)
  return Object.assign(context, { principal: believed(from, principal) ?? servicePrincipal(from), from })
}

/** Gateway and registry act for callers; every other service may say only for which project its own order is. */
function believed(from: Peer, principal: Principal | undefined): Principal | undefined {
  if (from === 'gateway' || from === 'registry') return principal
  return principal?.subject === `service:${from}` ? servicePrincipal(from, principal.project) : undefined
}

function refuse(error: unknown, path: string, options: GuardOptions): unknown {
  if (error instanceof Error && error.name === 'AbortError') return error
  if (isCoded(error)) return toStatus(error)
  const incident = options.log.failure('rpc.failed', error, { method: path }).incident ?? ''
  return toStatus(new CodedError('INTERNAL', `Something went wrong on our side; incident ${incident}.`, { facts: { incident } }))
}
