import { CodedError } from '@credence/errors'
import { TokenRefresherServiceDefinition } from '@credence/proto/refresher'
import { type RpcServer, rpcMount, serveRpc, type TlsIdentity } from '@credence/rpc'
import { createLogger, startTracing } from '@credence/service'

/** The token-refresher as the registry meets it: it tells which credentials are being refreshed at this moment. */
export class RecordingRefresher {
  readonly inFlight: Set<string> = new Set()
  #server: RpcServer | undefined

  get address(): string | undefined {
    return this.#server === undefined ? undefined : `${this.#server.host}:${this.#server.port}`
  }

  async start(tls: TlsIdentity): Promise<void> {
    const notAsked = (): never => {
      throw new CodedError('INTERNAL')
    }
    const mount = rpcMount(TokenRefresherServiceDefinition, {
      getPlan: async ({ credentialId }) => ({ kind: 'refresh', state: this.inFlight.has(credentialId) ? 'refreshing' : 'planned' }),
      giveUp: notAsked,
      pauseClient: notAsked,
      resumeClient: notAsked,
    })
    const log = createLogger({ service: 'token-refresher', level: 'silent' })
    const tracing = startTracing({ serviceName: 'token-refresher' })
    this.#server = await serveRpc({ host: '127.0.0.1', port: 0, mounts: [mount], log, tracing, tls })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = undefined
  }
}
