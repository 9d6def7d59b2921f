import { createHmac, timingSafeEqual } from 'node:crypto'
import { CodedError } from '@credence/errors'

const DEFAULT_SIZE = 50
const MAX_SIZE = 200
const MAC_BYTES = 16

/** Page tokens: the place where a list goes on, with a MAC, so that nobody makes one up or carries it to another list. */
export interface PageTokens {
  /** `list` names the list with everything that narrows it: method, project, viewer, filters. */
  make(list: readonly string[], place: object): string
  /** Undefined for the empty token. Throws INVALID_PAGE_TOKEN for one that was altered or is of another list. */
  read<P>(list: readonly string[], token: string): P | undefined
  /** A keyed digest (HMAC-SHA-256, hex): of a request that is compared later and cannot be guessed from what is stored. */
  digest(parts: readonly string[]): string
}

/** How many entries to give: 50 when nothing is asked for, 200 at most. */
export function pageSize(asked: number): number {
  return asked === 0 ? DEFAULT_SIZE : Math.min(asked, MAX_SIZE)
}

export function pageTokens(key: Uint8Array): PageTokens {
  const mac = (use: string, parts: readonly string[]) =>
    createHmac('sha256', key)
      .update(JSON.stringify([use, ...parts]))
      .digest()
  return {
    make(list, place) {
      const body = JSON.stringify(place)
      return Buffer.concat([mac('page', [...list, body]).subarray(0, MAC_BYTES), Buffer.from(body)]).toString('base64url')
    },
    read<P>(list: readonly string[], token: string): P | undefined {
      if (token === '') return undefined
      const bytes = Buffer.from(token, 'base64url')
      const body = bytes.subarray(MAC_BYTES).toString()
      const expected = mac('page', [...list, body]).subarray(0, MAC_BYTES)
      const given = bytes.subarray(0, MAC_BYTES)
      if (given.length !== MAC_BYTES || !timingSafeEqual(given, expected)) throw new CodedError('INVALID_PAGE_TOKEN')
      return JSON.parse(body) as P
    },
    digest: (parts) => mac('digest', parts).toString('hex'),
  }
}
