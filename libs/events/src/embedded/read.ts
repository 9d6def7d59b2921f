import { CodedError } from '@credence/errors'
import { cursorOf, type Place, placeOf } from '../cursor.ts'
import type { Delivery, FactFilter, Reset } from '../event-bus.ts'
import { matches } from '../filter.ts'
import type { BusLog } from './bus-log.ts'
import { type FollowOptions, follow } from './follow.ts'

export interface ReadOptions extends FollowOptions {
  readonly from?: string | Date | undefined
  readonly filter?: FactFilter | undefined
}

/** Reads from a cursor, from a time, or from now on. Throws INVALID_CURSOR at once, so that a server can still answer with it. */
export function read(stream: BusLog, options: ReadOptions): AsyncGenerator<Delivery | Reset, void, undefined> {
  const { from } = options
  if (from instanceof Date && Number.isNaN(from.getTime())) throw new CodedError('INVALID_CURSOR')
  const here = { epoch: stream.epoch, position: stream.head }
  const start = typeof from === 'string' ? placeOf(from) : (from ?? here)
  return deliveries(stream, start, options)
}

async function* deliveries(stream: BusLog, start: Place | Date, options: ReadOptions): AsyncGenerator<Delivery | Reset, void, undefined> {
  const { epoch } = stream
  let position = await continueFrom(stream, start)
  if (position === undefined) {
    position = stream.swept.to
    const oldest = (await stream.after(position, 1)).entries[0]?.at
    yield { reset: true, cursor: cursorOf({ epoch, position }), ...(oldest === undefined ? {} : { oldest }) }
  }
  for await (const entry of follow(stream, position, options)) {
    if (matches(options.filter ?? {}, entry.fact)) yield { fact: entry.fact, cursor: cursorOf({ epoch, position: entry.position }) }
  }
}

/** The position to read on from, or undefined when something after the place is gone or the place is of another log. */
async function continueFrom(stream: BusLog, start: Place | Date): Promise<number | undefined> {
  const { swept, head } = stream
  if (start instanceof Date) {
    const missed = swept.at !== undefined && start <= swept.at
    return missed ? undefined : stream.positionBefore(start)
  }
  const held = start.epoch === stream.epoch && start.position >= swept.to && start.position <= head
  return held ? start.position : undefined
}
