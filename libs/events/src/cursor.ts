import { CodedError } from '@credence/errors'

/** A place in the stream: everything up to `position` was seen. Positions of different epochs have nothing to do with each other. */
export interface Place {
  readonly epoch: string
  readonly position: number
}

const CURSOR = /^([0-9a-z]{1,32})\.([0-9]{1,15})$/

export function cursorOf({ epoch, position }: Place): string {
  return `${epoch}.${position}`
}

/** Throws INVALID_CURSOR when the text has not the form `<epoch>.<position>`. */
export function placeOf(cursor: string): Place {
  const [, epoch, position] = CURSOR.exec(cursor) ?? []
  if (epoch === undefined) throw new CodedError('INVALID_CURSOR')
  return { epoch, position: Number(position) }
}
