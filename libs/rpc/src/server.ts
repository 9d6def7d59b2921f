import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { CodedError } from '@credence/errors'
import type { Logger, Tracing } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import { type ChannelOptions, ServerCredentials } from '@grpc/grpc-js'
import { createServer, type Server } from 'nice-grpc'
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details'
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health'
import { ServerReflection, ServerReflectionService } from 'nice-grpc-server-reflection'
import { type Authenticate, guarded, type RpcMount } from './mount.ts'
import { peerInterceptor } from './peer-interceptor.ts'

/** A certificate with its key and the authority that both ends trust, PEM. */
export interface TlsIdentity {
  readonly certPem: string
  readonly keyPem: string
  readonly caPem: string
}

export interface RpcServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly mounts: readonly RpcMount[]
  readonly log: Logger
  /** The service whose spans the calls are. */
  readonly tracing: Tracing
  /** Whose figures they are; without it nobody counts them. */
  readonly metrics?: Metrics
  /** Mutual TLS: a service listener. Without it the listener is plaintext, which is for callers on loopback. */
  readonly tls?: TlsIdentity
  /** Certificate of a caller listener: TLS without client certificates. */
  readonly callerTls?: { readonly certFile: string; readonly keyFile: string }
  /** Present: this is the caller listener, which mounts only the methods that the allow table marks `caller`. */
  readonly authenticate?: Authenticate
}

export interface RpcServer {
  readonly host: string
  readonly port: number
  setHealthy(healthy: boolean): void
  /** Refuses new calls and resolves when those under way have ended; after 20 s they are cut. */
  stop(): Promise<void>
}

/** Chunks are 64 KiB and everything else is far smaller; a larger frame is refused before it is read. */
const MAX_MESSAGE_BYTES = 1024 * 1024
const DRAIN_MS = 20_000
/** Connections are renewed so that long-lived clients see new replicas. */
const MAX_CONNECTION_AGE_MS = 30 * 60_000

/** Serves the mounts with health and reflection; resolves when the port is bound, rejects with PORT_IN_USE's cause otherwise. */
export async function serveRpc(options: RpcServerOptions): Promise<RpcServer> {
  const channelOptions: ChannelOptions = {
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_connection_age_ms': MAX_CONNECTION_AGE_MS,
    'grpc.max_connection_age_grace_ms': DRAIN_MS,
  }
  Object.assign(channelOptions, { interceptors: [peerInterceptor] })
  const server = createServer(channelOptions).use(errorDetailsServerMiddleware)
  const health = HealthState()
  const served: string[] = []
  for (const mount of options.mounts) {
    const { definition, methods } = guarded(mount, options)
    // A service without a method for callers has nothing to show on their listener.
    if (Object.keys(methods).length === 0) continue
    server.add(definition, methods as never)
    served.push(mount.definition.fullName)
    health.setStatus('healthy', mount.definition.fullName)
  }
  server.add(HealthDefinition, HealthServiceImpl(health))
  const descriptors = readFileSync(createRequire(import.meta.url).resolve('@credence/proto/descriptors.binpb'))
  server.add(ServerReflectionService, ServerReflection(descriptors, [...served, HealthDefinition.fullName]))
  const port = await server.listen(`${options.host}:${options.port}`, credentials(options)).catch((error: unknown) => {
    throw error instanceof Error && /EADDRINUSE|No address added/.test(error.message) ? portInUse(options.port) : error
  })
  return {
    host: options.host,
    port,
    setHealthy(healthy) {
      for (const name of ['', ...served]) health.setStatus(healthy ? 'healthy' : 'unhealthy', name)
    },
    stop: () => drain(server),
  }
}

function portInUse(port: number): CodedError {
  return new CodedError('PORT_IN_USE', `Port ${port} is in use: stop its holder or choose another.`)
}

function credentials({ tls, callerTls }: RpcServerOptions): ServerCredentials {
  if (callerTls !== undefined) {
    const own = { cert_chain: readFileSync(callerTls.certFile), private_key: readFileSync(callerTls.keyFile) }
    return ServerCredentials.createSsl(null, [own], false)
  }
  if (tls === undefined) return ServerCredentials.createInsecure()
  const pair = { cert_chain: Buffer.from(tls.certPem), private_key: Buffer.from(tls.keyPem) }
  return ServerCredentials.createSsl(Buffer.from(tls.caPem), [pair], true)
}

async function drain(server: Pick<Server, 'shutdown' | 'forceShutdown'>): Promise<void> {
  const cut = setTimeout(() => server.forceShutdown(), DRAIN_MS)
  try {
    await server.shutdown()
  } finally {
    clearTimeout(cut)
  }
}
