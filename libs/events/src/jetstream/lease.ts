import type { Clock, Random } from '@credence/service'
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream'
import { ANSWER_MS, type Link } from './link.ts'
import { type Names, ownerSubject } from './stream-config.ts'

export interface LeaseOptions {
  readonly link: Link
  readonly names: Names
  readonly durable: string
  /** Who asks; random, one per open subscription. */
  readonly holder: string
  readonly clock: Clock
}

const HOLDER_BYTES = 12

export function newHolder(random: Random): string {
  return Buffer.from(random.bytes(HOLDER_BYTES)).toString('hex')
}

/**
 * The right to serve a durable subscriber, held by one replica at a time: a message that the server forgets by its age
 * unless its holder replaces it. No two clocks are compared; the holder counts from before he asked, so he always
 * believes it ended before the server does.
 */
export class Lease {
  readonly #options: LeaseOptions
  #sequence: number
  #until: number

  private constructor(options: LeaseOptions, { sequence, until }: { readonly sequence: number; readonly until: number }) {
    this.#options = options
    this.#sequence = sequence
    this.#until = until
  }

  /** The lease, or undefined while somebody else has it. Throws what the client throws when the server cannot be asked. */
  static async take(options: LeaseOptions): Promise<Lease | undefined> {
    const until = options.clock.monotonicMs() + options.names.takeoverMs
    const sequence = await put(options, 0)
    return sequence === undefined ? undefined : new Lease(options, { sequence, until })
  }

  get held(): boolean {
    return this.#options.clock.monotonicMs() < this.#until
  }

  /** False when it is somebody else's. An outage alone does not end it before its time. */
  async renew(): Promise<boolean> {
    const { clock, names } = this.#options
    const until = clock.monotonicMs() + names.takeoverMs
    const sequence = await put(this.#options, this.#sequence)
    if (sequence === undefined) {
      this.#until = Number.NEGATIVE_INFINITY
      return false
    }
    this.#sequence = sequence
    this.#until = until
    return true
  }

  /** Gives it back so that nobody has to wait for its end. */
  async release(): Promise<void> {
    if (!this.held) return
    this.#until = Number.NEGATIVE_INFINITY
    const { link, names } = this.#options
    await link.ask(({ jsm }) => jsm.streams.deleteMessage(names.owners, this.#sequence, false))
  }
}

/** Writes the claim over the one at `expected` (0: over none). Gives its sequence, or undefined when that is not the last. */
async function put(options: LeaseOptions, expected: number): Promise<number | undefined> {
  const { link, names, durable, holder } = options
  try {
    return await claim({ ...options, expected })
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamWrongLastSequence) throw error
  }
  // Ours all the same, when the answer to an earlier claim was lost.
  const last = await link.ask(({ jsm }) => jsm.streams.getMessage(names.owners, { last_by_subj: ownerSubject(durable) }))
  return last?.string() === holder ? claim({ ...options, expected: last.seq }) : undefined
}

async function claim({ link, durable, holder, expected }: LeaseOptions & { readonly expected: number }): Promise<number> {
  const how = { expect: { lastSubjectSequence: expected }, timeout: ANSWER_MS, retries: 1 }
  return (await link.ask(({ js }) => js.publish(ownerSubject(durable), holder, how))).seq
}
