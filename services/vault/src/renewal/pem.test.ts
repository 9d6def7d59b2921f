import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { base64Url, privateKeyDer } from './pem.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

test.each([
  ['PKCS #8', rsa.export({ type: 'pkcs8', format: 'pem' })],
  ['PKCS #1', rsa.export({ type: 'pkcs1', format: 'pem' })],
  ['SEC 1', ec.export({ type: 'sec1', format: 'pem' })],
])('[S0-10] a key in %s is read with its lines, without them, and with breaks written out', (_, pem) => {
  const text = pem.toString()
  const written = [text, text.replaceAll('\n', ''), text.replaceAll('\n', '\\n'), text.replaceAll('\n', '\r\n'), `  ${text}  `]
  const ders = written.map((form) => privateKeyDer(Buffer.from(form)))
  for (const found of ders) expect(found && createPrivateKey({ key: found.der, format: 'der', type: found.type }).type).toBe('private')
  expect(new Set(ders.map((found) => found?.der.toString('hex'))).size).toBe(1)
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
    expect(privateKeyDer(Buffer.from(text)), text).toBeUndefined()
})

test('[S0-10] bytes become the letters of RFC 4648 §5, and are wiped', () => {
  for (let size = 0; size < 66; size++) {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 37 + 251) & 0xff))
    const expected = bytes.toString('base64url')
    expect(base64Url(bytes).toString('latin1')).toBe(expected)
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  }
})
