import { isCoded } from '@credence/errors'
import type { JsMsg } from '@nats-io/jetstream'
import { headers } from '@nats-io/nats-core'
import { ANSWER_MS, asUnavailable, type Link } from './link.ts'
import { deadSubject, type Names } from './stream-config.ts'

/** Why a message was put aside: it is no event of ours, or its handler refused it for good. */
export type DeadReason = 'MALFORMED' | 'HANDLER_FAILED'

/** A message that a durable subscriber could not handle. */
export interface DeadLetter {
  readonly durable: string
  readonly reason: DeadReason
  /** `<epoch>.<position>` in the stream of facts, where the original stays as long as every fact. */
  readonly cursor: string
  /** The subject that it had. */
  readonly subject: string
  /** As often was it handed to the handler. */
  readonly attempts: number
  /** The code of the last failure, or `INTERNAL` for one without. */
  readonly code: string
  readonly at: Date
}

const PREFIX = 'Credence-Dead-'
/** A stranger's message may be as large as the server allows, and the headers come on top. */
const MAX_PAYLOAD_BYTES = 64 * 1024

export interface BuryOptions extends Omit<DeadLetter, 'at' | 'subject' | 'code'> {
  readonly link: Link
  readonly error: unknown
}

/** Puts a message aside under the name of its subscriber; resolves when the server has it. Doing it again has no effect. Throws UNAVAILABLE. */
export async function bury(message: JsMsg, options: BuryOptions): Promise<void> {
  const { link, durable, reason, cursor, attempts, error } = options
  const head = headers()
  const told = { durable, reason, cursor, attempts, subject: message.subject, code: isCoded(error) ? error.code : 'INTERNAL' }
  for (const [name, value] of Object.entries(told)) head.set(PREFIX + name, encodeURI(String(value)))
  for (const [name, [value]] of message.headers ?? []) if (/^(?:ce-|traceparent$)/.test(name) && value !== undefined) head.set(name, value)
  const { js } = await link.wire()
  try {
    const payload = message.data.subarray(0, MAX_PAYLOAD_BYTES)
    await js.publish(deadSubject(durable), payload, { headers: head, msgID: `${durable}.${cursor}`, timeout: ANSWER_MS })
  } catch (thrown) {
    throw asUnavailable(thrown)
  }
}

/** The newest dead letters, the latest first. Throws UNAVAILABLE. */
export async function deadLetters(link: Link, { names, limit }: { readonly names: Names; readonly limit: number }): Promise<DeadLetter[]> {
  const { jsm } = await link.wire(ANSWER_MS)
  try {
    const { state } = await jsm.streams.info(names.dead)
    const letters: DeadLetter[] = []
    for (let seq = state.last_seq; seq >= state.first_seq && seq > 0 && letters.length < limit; seq--) {
      const stored = await jsm.streams.getMessage(names.dead, { seq })
      if (stored === null) continue
      const told = (name: string): string => decodeURI(stored.header.get(PREFIX + name))
      const { durable, reason } = { durable: told('durable'), reason: told('reason') as DeadReason }
      const rest = { cursor: told('cursor'), subject: told('subject'), attempts: Number(told('attempts')), code: told('code') }
      letters.push({ durable, reason, ...rest, at: stored.time })
    }
    return letters
  } catch (error) {
    throw asUnavailable(error)
  }
}
