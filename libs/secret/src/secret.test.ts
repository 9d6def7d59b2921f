import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Secret } from './secret.ts'
import { secretBuffer, secretConcat } from './secret-buffer.ts'

const CANARY = 'canary-7f3a'

describe('Secret', () => {
  test('prints [secret] in every way it can be printed', () => {
    const secret = Secret.fromString(CANARY)
    const printed = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret),
      inspect({ a: [secret] }, { depth: 9, showHidden: true }),
    ]
    for (const text of printed) {
      expect(text).toContain('[secret]')
      expect(text).not.toContain(CANARY)
    }
  })

  test('gives its own bytes so that wiping them wipes it', () => {
    const secret = Secret.fromString(CANARY)
    expect(Buffer.from(secret.reveal()).toString()).toBe(CANARY)
    secret.reveal().fill(0)
    expect(Buffer.from(secret.reveal()).every((byte) => byte === 0)).toBe(true)
  })

  test('is wiped when its scope ends', () => {
    const bytes = Buffer.from(CANARY)
    {
      using _secret = new Secret(bytes)
    }
    expect(bytes.every((byte) => byte === 0)).toBe(true)
  })
})

describe('secretBuffer', () => {
  test('has memory of its own, however small it is', () => {
    const [one, other] = [secretBuffer(8), secretBuffer(8)]
    expect(one.buffer.byteLength).toBe(8)
    expect(one.buffer).not.toBe(other.buffer)
    expect(secretConcat([Buffer.from('ab'), Buffer.from(''), Buffer.from('c')]).toString()).toBe('abc')
  })
})
