import { type Authenticate, type RpcMount, serveRpc, type TlsIdentity } from '@credence/rpc'
import { type GatewayConfig, settingsOf } from './config.ts'
import type { ConsoleRole } from './console/signed-in.ts'
import { type GatewayParts, openGateway } from './gateway.ts'
import { startAdmin } from './http/admin.ts'
import { authenticateCaller } from './http/caller.ts'
import { startPublic } from './http/public.ts'
import { gatewayRpc } from './rpc.ts'
import { projectOf } from './services.ts'

/** What the composition root hands to the gateway. */
export interface GatewayAdapters extends GatewayParts {
  readonly tls: TlsIdentity
}

export interface RunningGateway {
  /** `host:port` each. */
  readonly addresses: { readonly grpc: string; readonly public: string; readonly admin: string }
  /** For the API listener. */
  readonly mounts: readonly RpcMount[]
  /** How callers are recognised there. */
  readonly authenticate: Authenticate
  /**
   * The address that signs a person in to the console, once, within 15 minutes. `project` is that of the first start unless
   * given; `user` is `usr_…`, `id:…` or `email:…`, `id:admin` unless given; `role` is `member` unless given. Only the
   * operator's own process can ask for it.
   */
  makeSignInLink(person?: { readonly project?: string; readonly user?: string; readonly role?: ConsoleRole }): Promise<string>
  stop(): Promise<void>
}

const LINK_LIFE_MS = 15 * 60_000

/** Starts the gateway's three listeners: public pages, admin API, service rpcs. What was opened is closed when one cannot start. */
export async function start(config: GatewayConfig, adapters: GatewayAdapters): Promise<RunningGateway> {
  const settings = settingsOf(config)
  const { log, tracing, metrics, tls } = adapters
  const gateway = await openGateway(settings, adapters)
  const stops = [() => gateway.stop()]
  const stop = async (): Promise<void> => {
    for (const one of stops.toReversed()) await one()
  }
  try {
    const mounts = [gatewayRpc(gateway)]
    const rpc = await serveRpc({ host: settings.host, port: settings.port, mounts, log, tracing, metrics, tls })
    stops.push(() => rpc.stop())
    const publicSide = await startPublic(gateway)
    const listeners = [publicSide.stop]
    // At once: each waits for its clients.
    stops.push(async () => void (await Promise.all(listeners.map((end) => end()))))
    const adminSide = await startAdmin(gateway)
    listeners.push(adminSide.stop)
    return {
      addresses: { grpc: `${rpc.host}:${rpc.port}`, public: publicSide.address, admin: adminSide.address },
      mounts,
      authenticate: (shown) => authenticateCaller(gateway.flow.services, shown, 'grpc'),
      async makeSignInLink({ project, user = 'id:admin', role = 'member' } = {}) {
        const home = project ?? (await projectOf(gateway.flow.services, '')).id
        const token = await gateway.tokens.issue('link', { project: home, user, data: { role } }, LINK_LIFE_MS)
        return `${settings.adminUrl}/sign-in/link/${token}`
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
