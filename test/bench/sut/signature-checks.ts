import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

/** Counts every check of a signature in this process from now on, whichever way it is asked for. */
export function countSignatureChecks(): () => number {
  let count = 0
  const counted = <F extends (...args: never[]) => unknown>(check: F): F =>
    function (this: unknown, ...args: never[]) {
      count++
      return check.apply(this, args)
    } as F
  Object.assign(crypto, { verify: counted(crypto.verify), createVerify: counted(crypto.createVerify) })
  const subtle = Object.getPrototypeOf(crypto.webcrypto.subtle) as { verify: (...args: never[]) => unknown }
  Object.defineProperty(subtle, 'verify', { value: counted(subtle.verify), configurable: true })
  syncBuiltinESMExports()
  proveThatItCounts(() => count)
  return () => count - 1
}

/** A counter that cannot move would show 0 for ever. */
function proveThatItCounts(seen: () => number): void {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519')
  const text = Buffer.from('text')
  crypto.verify(null, text, publicKey, crypto.sign(null, text, privateKey))
  if (seen() !== 1) throw new TypeError('checks of signatures are not counted')
}
