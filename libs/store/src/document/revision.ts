import type { Random } from '@credence/service'
import type { Rev } from '../document-store.ts'

const NONCE_BYTES = 12

/** The rev of the write that follows write number `n`; 0 for an insert. */
export function nextRev(n: number, random: Random): Rev {
  return { n: n + 1, nonce: Buffer.from(random.bytes(NONCE_BYTES)).toString('base64url') }
}

/** Without the other members that a caller's object may have. */
export function plainRev({ n, nonce }: Rev): Rev {
  return { n, nonce }
}
