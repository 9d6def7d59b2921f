import { createHash, X509Certificate } from 'node:crypto'
import { type Authority, createAuthority, systemClock, systemRandom } from '@credence/service'

let shared: Authority | undefined

/** The certificate authority of this test process: made at its first use, trusted by nobody who is not told to. */
export function testAuthority(): Authority {
  shared ??= createAuthority({ random: systemRandom, clock: systemClock, name: 'credence test authority' })
  return shared
}

/** What chromium's `--ignore-certificate-errors-spki-list` compares: base64 of the SHA-256 of the public key's DER. */
export function spkiHashOf(certPem: string): string {
  const spki = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64')
}
