import { CodedError } from '@credence/errors'
import { traceHeaders } from '@credence/service'
import { ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js'
import {
  type CallOptions,
  type Client,
  type ClientMiddlewareCall,
  createChannel,
  createClientFactory,
  Metadata,
  type TsProtoServiceDefinition,
} from 'nice-grpc'
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details'
import type { ServiceName } from './allow-table.ts'
import { fromStatus } from './error-status.ts'
import { spiffeServiceOf } from './peer-interceptor.ts'
import { encodePrincipal, PRINCIPAL_KEY, type Principal } from './principal.ts'
import type { TlsIdentity } from './server.ts'

/** A channel to one address; `client` makes typed clients on it. Errors come back as CodedError. */
export interface RpcChannel {
  client<D extends TsProtoServiceDefinition>(definition: D): Client<D>
  close(): void
}

/** grpc-js has no default deadline: without one a lost peer would hold a caller for ever. Streams have none. */
const DEFAULT_DEADLINE_MS = 30_000
const MAX_MESSAGE_BYTES = 1024 * 1024

/** Calls go round over all replicas that the name has; those in which one goes away are made on another. */
const EVERY_REPLICA = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] })

export interface OpenChannelOptions {
  /** Mutual TLS; absent: plaintext. */
  readonly tls?: TlsIdentity
  /** The service that must be there, by its certificate. Default: any of the authority's. */
  readonly peer?: ServiceName
  /** Sent with every call of a caller. */
  readonly authorization?: string
  readonly user?: string
}

/**
 * Opens lazily; reconnects by itself. `address` is `host:port`, where the name may have many addresses, or several
 * `ip:port` behind one another with commas.
 */
export function openChannel(address: string, options: OpenChannelOptions = {}): RpcChannel {
  const channelOptions: ChannelOptions = {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config': EVERY_REPLICA,
    // TLS has no server name for an address (RFC 6066 §3); what counts is the service that the certificate names.
    ...(options.tls === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
  }
  const channel = createChannel(address.includes(',') ? `ipv4:${address}` : address, credentialsOf(options), channelOptions)
  // The first one attached is the innermost: details are read before the error is mapped.
  const factory = createClientFactory().use(errorDetailsClientMiddleware).use(mapErrors(options))
  return { client: (definition) => factory.create(definition, channel) as never, close: () => channel.close() }
}

function credentialsOf({ tls, peer }: OpenChannelOptions): ChannelCredentials {
  if (tls === undefined) return ChannelCredentials.createInsecure()
  const checkServerIdentity = (_host: string, { subjectaltname = '' }: { subjectaltname?: string | undefined }): Error | undefined => {
    const found = spiffeServiceOf(subjectaltname)
    return found !== undefined && (peer === undefined || found === peer) ? undefined : new TypeError(`this is not the ${peer ?? 'service'}`)
  }
  const [ca, key, cert] = [tls.caPem, tls.keyPem, tls.certPem].map((pem) => Buffer.from(pem))
  return ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity })
}

/** Call options that carry a principal to another service, with a deadline (default 30 s) and an abort signal. */
export function callAs(principal: Principal, options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): CallOptions {
  const metadata = Metadata().set(PRINCIPAL_KEY, encodePrincipal(principal))
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_DEADLINE_MS)
  return { metadata, signal: options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]) }
}

function mapErrors(identity: { readonly authorization?: string; readonly user?: string }) {
  return async function* mapped<Q, R>(
    call: ClientMiddlewareCall<Q, R>,
    options: CallOptions,
  ): AsyncGenerator<Awaited<R>, Awaited<R> | undefined, undefined> {
    const metadata = Metadata(options.metadata)
    for (const [key, value] of Object.entries(traceHeaders())) metadata.set(key, value)
    if (identity.authorization !== undefined) metadata.set('authorization', identity.authorization)
    if (identity.user !== undefined && !metadata.has('credence-user')) metadata.set('credence-user', identity.user)
    try {
      return (yield* call.next(call.request as never, { ...options, metadata })) as Awaited<R> | undefined
    } catch (error) {
      throw isTimeout(error, options.signal) ? new CodedError('DEADLINE_EXCEEDED') : fromStatus(error)
    }
  }
}

/** The end of `callAs`'s own time; a caller who gave up himself gets his own reason back. */
function isTimeout(error: unknown, signal: AbortSignal | undefined): boolean {
  const ended = signal?.aborted === true && signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  return ended && error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}
