import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { browserOf } from './browser.ts'
import { codeHash, confirmationCode, tidyCode } from './confirm-code.ts'
import type { ConnectSession } from './session.ts'

const session = (id: string, confirm: 'code' | 'host') => ({ id, confirm }) as ConnectSession
const candidate = (id: string) => ({ id, verified: true })

describe('the code of the end page', () => {
  test('[B-8] is six digits in a conversation, and the same at every look', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (cookie, id, cand) => {
        const code = confirmationCode(browserOf(cookie), session(id, 'code'), candidate(cand))
        expect(code).toMatch(/^\d{6}$/)
        expect(confirmationCode(browserOf(cookie), session(id, 'code'), candidate(cand))).toBe(code)
      }),
    )
  })

  test('[B-8] is 256 bits at a return address', () => {
    expect(confirmationCode(browserOf('c'), session('s', 'host'), candidate('x'))).toMatch(/^[\w-]{43}$/)
  })

  test('[T14] of another browser, session or candidate is another', () => {
    const codes = [
      confirmationCode(browserOf('c'), session('s', 'host'), candidate('x')),
      confirmationCode(browserOf('d'), session('s', 'host'), candidate('x')),
      confirmationCode(browserOf('c'), session('t', 'host'), candidate('x')),
      confirmationCode(browserOf('c'), session('s', 'host'), candidate('y')),
    ]
    expect(new Set(codes).size).toBe(4)
  })

  test('[B-8] is taken with the blanks that people put into digits, and stored as a hash of its session', () => {
    expect(tidyCode(session('s', 'code'), ' 123 456-')).toBe('123456')
    expect(tidyCode(session('s', 'host'), ' ab-c ')).toBe('ab-c')
    expect(codeHash('s', '123456')).not.toBe(codeHash('t', '123456'))
  })
})
