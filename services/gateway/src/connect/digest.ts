import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Random } from '@credence/service'

const TOKEN_BYTES = 32

/** 256 random bits as 43 characters that need no escaping in a URL or a cookie. */
export function newToken(random: Random): string {
  return Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url')
}

/** True for a text that `newToken` could have made. */
export function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** Lower-case hex: what is stored of a link, a cookie, a `state` and a code. */
export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A value that only the holder of `secret` can make, for one purpose. */
export function tagOf(secret: string, purpose: string): Buffer {
  return createHmac('sha256', secret).update(purpose).digest()
}

/** Compares without telling by its time how much fits. */
export function same(a: string, b: string): boolean {
  const [left, right] = [sha256(a), sha256(b)]
  return timingSafeEqual(Buffer.from(left), Buffer.from(right))
}
