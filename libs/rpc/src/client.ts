import { isIP } from 'node:net'
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
import { fromStatus } from './error-status.ts'
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

/** Opens lazily; reconnects by itself. `tls` absent: plaintext. `authorization` is sent with every call of a caller. */
export function openChannel(
  address: string,
  options: { readonly tls?: TlsIdentity; readonly authorization?: string; readonly user?: string } = {},
): RpcChannel {
  const { tls } = options
  const credentials =
    tls === undefined
      ? ChannelCredentials.createInsecure()
      : ChannelCredentials.createSsl(Buffer.from(tls.caPem), Buffer.from(tls.keyPem), Buffer.from(tls.certPem))
  const channelOptions: ChannelOptions = {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.use_local_subchannel_pool': 1,
    // TLS has no server name for an address (RFC 6066 §3); every certificate of ours is good for localhost too.
    ...(tls !== undefined && isIP(address.replace(/:\d+$/, '')) !== 0 ? { 'grpc.ssl_target_name_override': 'localhost' } : {}),
  }
  const channel = createChannel(address, credentials, channelOptions)
  // The first one attached is the innermost: details are read before the error is mapped.
  const factory = createClientFactory().use(errorDetailsClientMiddleware).use(mapErrors(options))
  return { client: (definition) => factory.create(definition, channel) as never, close: () => channel.close() }
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
