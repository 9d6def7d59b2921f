import { Worker } from 'node:worker_threads'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import type { CollectionSpec } from '../document-store.ts'
import { type Fault, storeUnavailable } from './fault.ts'
import type { FaultAnswer, Outcome, Reply, Request, Write, WriterOptions } from './protocol.ts'

/** A reason, so that no exception with its stack is made for each commit. */
const ANSWERED = 'answered'
/** More would let one slow transaction delay many callers; fewer would pay an fsync more often. */
const MAX_GROUP = 64

interface Pending {
  readonly command: Write | Exclude<Request, { kind: 'group' }>
  settle(answer: Outcome | FaultAnswer): void
}

/** What the thread was asked and has not answered. `answered` ends the watch over it. */
interface Flight {
  readonly pending: readonly Pending[]
  readonly answered: AbortController
}

/**
 * The main thread's end of the writer thread. Group commit without a timer: while one group is being committed the next
 * one gathers, and it leaves at once when the thread is free, 64 writes at most.
 *
 * W1 A write resolves only after its COMMIT; writes are carried out in the order they were asked for.
 * W2 Whatever happens to the thread or its disk, every pending write settles: when the thread ends, or `timeoutMs` after
 *    its group was sent. What timed out may still arrive; nothing new is taken until the thread has answered.
 */
export class Writer {
  readonly #worker: Worker
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #exited: Promise<void>
  #queue: Pending[] = []
  #flight: Flight | undefined
  #scheduled = false
  /** Why nothing is taken now. `stalled` ends when the thread answers, the others never. */
  #refusal: Fault | undefined

  constructor(worker: Worker, { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number }) {
    this.#worker = worker
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#refuse('stopped')
        resolve()
      })
    })
    worker.on('message', (reply: Reply) => this.#take(reply))
    // An exception of the thread is a bug of ours; unheard it would take the process down. `exit` follows it.
    worker.on('error', () => this.#refuse('stopped'))
  }

  write(write: Write): Promise<void> {
    return this.#ask(write)
  }

  openCollection(spec: CollectionSpec): Promise<void> {
    return this.#ask({ kind: 'collection', spec })
  }

  ping(): Promise<void> {
    return this.#ask({ kind: 'ping' })
  }

  /** Ends the thread after what was asked for before. Throws STORE_UNAVAILABLE when that does not succeed in time. */
  async close(): Promise<void> {
    const closed = this.#ask({ kind: 'close' })
    this.#refusal = this.#refusal === 'stopped' ? 'stopped' : 'closed'
    try {
      await closed
      await this.#exited
    } finally {
      // A thread that hangs in a system call cannot be ended, so nobody waits for it; the process can end without it.
      this.#worker.unref()
      void this.kill()
    }
  }

  /** Ends the thread in the middle of whatever it does. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
  }

  /** Throws here, not where the answer came in, so that the stack of the error shows who asked. */
  async #ask(command: Pending['command']): Promise<void> {
    if (this.#refusal) throw storeUnavailable(this.#refusal)
    const answer = await new Promise<Outcome | FaultAnswer>((settle) => {
      this.#queue.push({ command, settle })
      this.#schedule()
    })
    throwUnlessDone(answer)
  }

  /** In a microtask, so that writes asked for in one turn travel together. */
  #schedule(): void {
    if (this.#scheduled || this.#flight || this.#queue.length === 0) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#send()
    })
  }

  #send(): void {
    const [first] = this.#queue
    if (!first) return
    const writes = this.#queue.slice(0, MAX_GROUP).map(({ command }) => (isWrite(command) ? command : undefined))
    const end = writes.indexOf(undefined)
    const group = writes.slice(0, end === -1 ? writes.length : end).filter((write) => write !== undefined)
    const flight = { pending: this.#queue.splice(0, Math.max(1, group.length)), answered: new AbortController() }
    this.#flight = flight
    this.#worker.postMessage(isWrite(first.command) ? { kind: 'group', writes: group } : first.command)
    // A backfill may take long; a commit may not.
    if (first.command.kind !== 'collection') this.#watch(flight)
  }

  #watch({ answered }: Flight): void {
    this.#clock.sleep(this.#timeoutMs, answered.signal).then(
      () => this.#refuse('stalled'),
      () => undefined,
    )
  }

  #take(reply: Reply): void {
    const flight = this.#flight
    this.#flight = undefined
    flight?.answered.abort(ANSWERED)
    if (this.#refusal === 'stalled') this.#refusal = undefined
    for (const [position, { settle }] of flight?.pending.entries() ?? []) settle(answerAt(reply, position))
    this.#schedule()
  }

  /** Rejects whatever is pending. A stalled flight stays, without its callers: the next answer is still its. */
  #refuse(fault: 'stopped' | 'stalled'): void {
    if (this.#refusal !== 'closed') this.#refusal = fault
    const pending = [...(this.#flight?.pending ?? []), ...this.#queue]
    this.#queue = []
    if (this.#flight) {
      this.#flight.answered.abort(ANSWERED)
      this.#flight = { ...this.#flight, pending: [] }
    }
    for (const { settle } of pending) settle({ kind: 'fault', fault })
  }
}

/** Starts the thread and waits until it has the file. Throws STORE_UNAVAILABLE when it cannot have it. */
export async function startWriter(options: WriterOptions, limits: { readonly clock: Clock; readonly timeoutMs: number }): Promise<Writer> {
  // Flags of the process (a test runner's loaders, --inspect) are not for this thread.
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: options, execArgv: [], name: 'store-writer' })
  const reply = await new Promise<Reply>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => resolve({ kind: 'fault', fault: 'stopped' }))
    worker.once('message', (first: Reply) => {
      worker.off('error', reject)
      resolve(first)
    })
  })
  throwUnlessDone(answerAt(reply, 0))
  return new Writer(worker, limits)
}

function isWrite(command: Pending['command']): command is Write {
  return command.kind === 'insert' || command.kind === 'replace' || command.kind === 'remove'
}

function answerAt(reply: Reply, position: number): Outcome | FaultAnswer {
  if (reply.kind === 'fault') return reply
  return reply.outcomes[position] ?? { kind: 'misuse', message: 'the writer thread gave no outcome for a write' }
}

function throwUnlessDone(answer: Outcome | FaultAnswer): void {
  if (answer.kind === 'fault') throw storeUnavailable(answer.fault, answer.resultCode)
  if (answer.kind === 'refused') throw new CodedError(answer.code)
  if (answer.kind === 'misuse') throw new TypeError(answer.message)
}
