import { isCoded } from '@credence/errors'
import type { JetStreamManager, JsMsg, StoredMsg } from '@nats-io/jetstream'
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
  const how = { headers: head, msgID: `${durable}.${cursor}`, timeout: ANSWER_MS }
  try {
    await link.ask(({ js }) => js.publish(deadSubject(durable), message.data.subarray(0, MAX_PAYLOAD_BYTES), how))
  } catch (thrown) {
    throw asUnavailable(thrown)
  }
}

/** The newest dead letters, the latest first. Throws UNAVAILABLE. */
export async function deadLetters(link: Link, { names, limit }: { readonly names: Names; readonly limit: number }): Promise<DeadLetter[]> {
  try {
    return await link.ask(({ jsm }) => newest(jsm, { stream: names.dead, limit }), ANSWER_MS)
  } catch (error) {
    throw asUnavailable(error)
  }
}

async function newest(
  jsm: JetStreamManager,
  { stream, limit }: { readonly stream: string; readonly limit: number },
): Promise<DeadLetter[]> {
  const { state } = await jsm.streams.info(stream)
  const letters: DeadLetter[] = []
  for (let seq = state.last_seq; seq >= Math.max(1, state.first_seq) && letters.length < limit; seq--) {
    const stored = await jsm.streams.getMessage(stream, { seq })
    if (stored !== null) letters.push(letterOf(stored))
  }
  return letters
}

function letterOf({ header, time }: StoredMsg): DeadLetter {
  const told = (name: string): string => decodeURI(header.get(PREFIX + name))
  const { durable, reason } = { durable: told('durable'), reason: told('reason') as DeadReason }
  return {
    durable,
    reason,
    cursor: told('cursor'),
    subject: told('subject'),
    attempts: Number(told('attempts')),
    code: told('code'),
    at: time,
  }
}
