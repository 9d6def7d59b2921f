import { constants, createHmac, generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { compactJws, isSymmetric, JWS_KEY_TYPES, type JwsAlg, jwsMac, jwsSignature, type PrivateAlg } from './compact-jws.ts'

const PAIRS = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
}
const parts = () => ({ header: Buffer.from('{"alg":"x"}'), payload: Buffer.from('{"sub":"canary"}') })

/** As RFC 7518 §3 has it, by the library. */
function options(alg: JwsAlg, key: KeyObject): Parameters<typeof verify>[2] {
  if (alg.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' }
  return alg.startsWith('PS') ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : { key }
}

test.each(Object.keys(JWS_KEY_TYPES) as PrivateAlg[])('[S0-10] %s is a signature that its public key proves', (alg) => {
  const { privateKey, publicKey } = PAIRS[JWS_KEY_TYPES[alg]]
  const { token, signature } = compactJws(parts(), (input) => jwsSignature(alg, privateKey, input))
  const [header, payload, last = ''] = token.toString().split('.')
  expect(signature.toString()).toBe(last)
  const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  expect(verify(hash, Buffer.from(`${header}.${payload}`), options(alg, publicKey), Buffer.from(last, 'base64url'))).toBe(true)
})

test.each(['HS256', 'HS384', 'HS512'] as const)('[S0-10] %s is the MAC of header and payload', (alg) => {
  expect(isSymmetric(alg)).toBe(true)
  const key = Buffer.alloc(200, 7)
  const [header, payload, last] = compactJws(parts(), (input) => jwsMac(alg, key, input))
    .token.toString()
    .split('.')
  expect(last).toBe(
    createHmac(`sha${alg.slice(2)}`, key)
      .update(`${header}.${payload}`)
      .digest('base64url'),
  )
  expect(Buffer.from(payload ?? '', 'base64url').toString()).toBe('{"sub":"canary"}')
})

test('[S0-10] what was made on the way is wiped, also where the key refuses', () => {
  const [given, failed] = [parts(), parts()]
  let input: Buffer = Buffer.alloc(0)
  compactJws(given, (bytes) => {
    input = bytes
    return Buffer.from('signature')
  })
  expect(() =>
    compactJws(failed, () => {
      throw new TypeError('no key')
    }),
  ).toThrow(TypeError)
  for (const bytes of [input, ...Object.values(given), ...Object.values(failed)]) expect(bytes.every((byte) => byte === 0)).toBe(true)
})
