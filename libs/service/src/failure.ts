import { isCoded } from '@credence/errors'
import type { Random } from './clock.ts'
import type { LogFields } from './fields.ts'

/** What may be told of an error: its code, and for a bug of ours the incident id that joins the answer to the log line. */
export interface Failure {
  readonly code: string
  readonly incident?: string
  readonly fields: LogFields
}

const INCIDENT_BYTES = 10
const MAX_FRAMES = 4
/** Only files of this repository; the shape leaves no room for text that a message smuggled into the stack. */
const OWN_FRAME = /\b((?:libs|services|test)\/(?!\S*node_modules)[\w./-]+\.ts:\d+)/

/**
 * An error of ours is told by its code. Anything else is INTERNAL with a new incident id, the error's name and the first
 * frames of our own code as `file:line`. The message is never used: drivers and parsers put payloads into it.
 */
export function describeFailure(error: unknown, random: Random): Failure {
  if (isCoded(error)) {
    const { credentialId, retryAfterMs } = error.details
    return { code: error.code, fields: { code: error.code, credential_id: credentialId, retry_after_ms: retryAfterMs } }
  }
  const incident = `inc_${Buffer.from(random.bytes(INCIDENT_BYTES)).toString('hex')}`
  const error_name = error instanceof Error ? error.name : typeof error
  return { code: 'INTERNAL', incident, fields: { code: 'INTERNAL', incident, error_name, frames: ownFrames(error) } }
}

function ownFrames(error: unknown): string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return []
  // The stack starts with the message, which may itself hold lines that look like frames.
  const at = error.message === '' ? 0 : error.stack.indexOf(error.message)
  const trace = at < 0 ? '' : error.stack.slice(at + error.message.length)
  const frames: string[] = []
  for (const line of trace.split('\n')) {
    const frame = OWN_FRAME.exec(line)?.[1]
    if (frame !== undefined && frames.length < MAX_FRAMES) frames.push(frame)
  }
  return frames
}
