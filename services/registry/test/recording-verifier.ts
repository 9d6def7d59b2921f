import { CodedError } from '@credence/errors'
import type { ResearchResponse } from '@credence/proto/research'
import { VerifierServiceDefinition } from '@credence/proto/verifier'
import { type RpcServer, rpcMount, serveRpc, type TlsIdentity } from '@credence/rpc'
import { createLogger, startTracing } from '@credence/service'

/** The verifier as the registry meets it: it takes research, and answers when and what the test says. */
export class RecordingVerifier {
  /** What it was asked, in order. */
  readonly asked: string[] = []
  /** Answers in the order in which they are taken; a text without one is held. */
  readonly #answers = new Map<string, (ResearchResponse | CodedError)[]>()
  readonly #held = new Map<string, () => void>()
  #server: RpcServer | undefined

  get address(): string | undefined {
    return this.#server === undefined ? undefined : `${this.#server.host}:${this.#server.port}`
  }

  /** The next answers for this text; a held question is answered at once. */
  answer(text: string, ...answers: (ResearchResponse | CodedError)[]): void {
    this.#answers.set(text, [...(this.#answers.get(text) ?? []), ...answers])
    this.#held.get(text)?.()
  }

  async start(tls: TlsIdentity): Promise<void> {
    const notAsked = (): Promise<never> => Promise.reject(new CodedError('INTERNAL'))
    const identity = {
      openChallenge: notAsked,
      readChallenge: notAsked,
      answerIdentity: notAsked,
      listPasses: notAsked,
      revokePass: notAsked,
    }
    const mount = rpcMount(VerifierServiceDefinition, {
      ...identity,
      verify: notAsked,
      research: async ({ text }, { signal }) => {
        this.asked.push(text)
        const next = (): ResearchResponse | CodedError | undefined => this.#answers.get(text)?.shift()
        let given = next()
        while (given === undefined && !signal.aborted) {
          await new Promise<void>((resolve) => {
            this.#held.set(text, resolve)
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
          given = next()
        }
        if (given === undefined || given instanceof CodedError) throw given ?? new CodedError('DEADLINE_EXCEEDED')
        return given
      },
    })
    const log = createLogger({ service: 'verifier', level: 'silent' })
    this.#server = await serveRpc({
      host: '127.0.0.1',
      port: 0,
      mounts: [mount],
      log,
      tracing: startTracing({ serviceName: 'verifier' }),
      tls,
    })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = undefined
  }
}

/** A report with the payload of a bearer provider of this name. */
export function found(name: string, payload: Buffer = payloadNamed(name)): ResearchResponse {
  const nothing = { facts: [], missing: [], suggestions: [], visits: [], catalogSlug: '', registrationUri: '', model: 'none' }
  const steps = [{ audience: 'user', text: 'Copy the token.', url: '', showsRedirectAddress: false }]
  return { ...nothing, outcome: 'found', source: 'documentation', name, site: 'https://x.example', payloadJson: payload, steps }
}

export function payloadNamed(name: string): Buffer {
  const pattern = { type: 'BEARER', fields: [{ field_name: 'token', required: true, input_type: 'password' }] }
  return Buffer.from(
    JSON.stringify({ display_name: name, auth_patterns: [pattern], proxy_url: `https://api.${name}.example`, proxy_enabled: true }),
  )
}

/** A report that lacks something. */
export function lacking(site: string): ResearchResponse {
  const missing = [{ pointer: '/proxy_url', question: 'What is the base address?', required: true }]
  return { ...found('x'), outcome: 'incomplete', site, payloadJson: Buffer.alloc(0), missing, steps: [] }
}
