import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hmac } from './hmac.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const text = (value: string): Buffer => Buffer.from(value)

describe('hmac', () => {
  // RFC 4231 §4.2, §4.3 and §4.7 (a key longer than a block); RFC 2202 §3 case 1.
  test.each([
    ['sha256', bytes('0b'.repeat(20)), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    ['sha256', text('Jefe'), 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
    [
      'sha256',
      bytes('aa'.repeat(131)),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    ['sha1', bytes('0b'.repeat(20)), 'Hi There', 'b617318655057264e28bc0b6fb378c8ef146be00'],
  ] as const)('[S0-10] %s gives what the RFCs publish', (name, key, message, expected) => {
    expect(hmac(name, key, [text(message)]).toString('hex')).toBe(expected)
  })

  test('[S0-10] equals the library for every hash, key and message, however the message is cut', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('sha1', 'sha256', 'sha512'),
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }),
        (name, key, parts) => {
          const expected = createHmac(name, key).update(Buffer.concat(parts)).digest()
          expect(hmac(name as 'sha1' | 'sha256' | 'sha512', key, parts).equals(expected)).toBe(true)
        },
      ),
    )
  })

  test('leaves its inputs as they were', () => {
    const [key, message] = [randomBytes(32), randomBytes(10)]
    const copies = [Buffer.from(key), Buffer.from(message)]
    hmac('sha512', key, [message])
    expect([key.equals(copies[0]!), message.equals(copies[1]!)]).toEqual([true, true])
  })
})
