import { CodedError } from '@credence/errors'
import type { FindQuery } from '../document-store.ts'
import { type KeyRange, keyRange } from './index-key.ts'

/** With a zero byte behind it a key becomes the very next one. */
const NEXT = Buffer.of(0)

/**
 * The keys that a page of this query may hold: behind `after`, never outside the range, because a place of another query must
 * not open its entries. Throws INVALID_PAGE_TOKEN for a place outside.
 */
export function pageRange({ prefix, from, to, after, reverse }: FindQuery): KeyRange {
  const { lower, upper } = keyRange(prefix, from, to)
  if (after === undefined) return { lower, upper }
  const place = Buffer.from(after, 'base64url')
  if (place.compare(lower) < 0 || place.compare(upper) >= 0) throw new CodedError('INVALID_PAGE_TOKEN')
  return reverse ? { lower, upper: place } : { lower: Buffer.concat([place, NEXT]), upper }
}

/** The `next` of a page whose last entry has this key. */
export function placeAfter(key: Uint8Array): string {
  return Buffer.from(key).toString('base64url')
}
