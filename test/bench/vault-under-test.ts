import { fileURLToPath } from 'node:url'
import { CheckRequest, SendRequest } from '@credence/proto/vault'
import { type StartedProcess, startProcess } from '@credence/testkit'
import type { Outside } from './outside.ts'
import { pin } from './process-stat.ts'
import { VaultOrders, type VaultPlace } from './vault-orders.ts'

const MAIN = fileURLToPath(new URL('./sut/vault-main.ts', import.meta.url))

interface Said extends VaultPlace {
  readonly data: string
  readonly api: string
  readonly bare: string
  readonly control: number
  readonly key: string
}

/** The vault in its process, and the orders that its neighbours give it. */
export class VaultUnderTest extends VaultOrders {
  readonly process: StartedProcess
  readonly said: Said

  private constructor(process: StartedProcess, outside: Outside) {
    const said = process.ready as unknown as Said
    super(said, outside)
    this.process = process
    this.said = said
  }

  static async start(home: string, outside: Outside, nodeOptions: readonly string[] = []): Promise<VaultUnderTest> {
    const { port, gatePort, gatedHost, caFile } = outside.said
    const egress = { allow: `127.0.0.1:${port},127.0.0.1:${gatePort}`, resolve: `${gatedHost}:443=127.0.0.1:${gatePort}`, caFile }
    const told = JSON.stringify({ home, egress, upstreamPort: port })
    const process = await startProcess([...nodeOptions, MAIN, told])
    pin(process.pid, 'measured')
    return new VaultUnderTest(process, outside)
  }

  get dataPort(): number {
    return Number(this.said.data.split(':')[1])
  }

  /** What a caller sends with each call. */
  get callerHeaders(): { readonly authorization: string } {
    return { authorization: `Bearer ${this.said.key}` }
  }

  checkMessage(credentialId: string, path: string): Uint8Array {
    return CheckRequest.encode({ credentialId, method: 'GET', path, user: '', consumer: '', capability: '' }).finish()
  }

  sendMessage(credentialId: string, path: string): Uint8Array {
    const head = { credentialId, method: 'GET', path, headers: [], user: '', consumer: '', noReplay: false, capability: '' }
    return SendRequest.encode({ part: { $case: 'head', value: head } }).finish()
  }

  async control(path: string, body: unknown = {}): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.said.control}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return response.json()
  }

  async stop(): Promise<void> {
    this.closeChannels()
    await this.process.stop()
  }
}
