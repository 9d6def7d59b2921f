import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { privateKeyOf, typeOf } from './private-key.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

test.each([
  ['PKCS #8', rsa.export({ type: 'pkcs8', format: 'pem' })],
  ['PKCS #1', rsa.export({ type: 'pkcs1', format: 'pem' })],
  ['SEC 1', ec.export({ type: 'sec1', format: 'pem' })],
])('[S0-10] a key in %s is read with its lines, without them, and with breaks written out', (_, pem) => {
  const text = pem.toString()
  const written = [text, text.replaceAll('\n', ''), text.replaceAll('\n', '\\n'), text.replaceAll('\n', '\r\n'), `  ${text}  `]
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  const keys = [...written, parameters + text].map((form) => privateKeyOf(Buffer.from(form)))
  expect(new Set(keys.map((key) => key?.export({ type: 'pkcs8', format: 'der' }).toString('hex'))).size).toBe(1)
  expect(keys[0] && typeOf(keys[0])).toBe(text.includes('BEGIN EC') ? 'p256' : 'rsa')
})

test('[S0-10] the bare base64 of PKCS #8 is a key, too', () => {
  const der = ec.export({ type: 'pkcs8', format: 'der' })
  const key = privateKeyOf(Buffer.from(der.toString('base64')))
  expect(key?.export({ type: 'pkcs8', format: 'der' })).toEqual(der)
})

test.each([
  ['P-384', 'p384'],
  ['P-521', 'p521'],
  ['secp256k1', undefined],
])('[S0-10] a key of the curve %s is told from others', (namedCurve, type) => {
  const pem = generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const key = privateKeyOf(Buffer.from(pem))
  expect(key && typeOf(key)).toBe(type)
})

test('[S0-10] what is no private key is none', () => {
  const open = '-----BEGIN PRIVATE KEY-----'
  for (const text of [
    '',
    'secret',
    `${open}abc`,
    `${open}a*c-----END PRIVATE KEY-----`,
    '-----BEGIN PUBLIC KEY-----YQ==-----END PUBLIC KEY-----',
  ])
    expect(privateKeyOf(Buffer.from(text)), text).toBeUndefined()
})
