import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CredentialMove, familyOf, foldUserName, idOf, isId, moveStatus, STATUSES } from './index.ts'

describe('credential ids', () => {
  test('are a prefix and 26 characters whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => isId('cred', idOf('cred', bytes))))
  })

  test('differ when the bytes differ', () => {
    const ids = fc.uint8Array({ minLength: 16, maxLength: 16 })
    fc.assert(fc.property(ids, ids, (a, b) => Buffer.compare(a, b) === 0 || idOf('cred', a) !== idOf('cred', b)))
  })

  test('of another kind or with a misread letter are refused', () => {
    const id = idOf('cred', new Uint8Array(16))
    expect(isId('prov', id)).toBe(false)
    expect(isId('cred', `${id.slice(0, -1)}u`)).toBe(false)
    expect(isId('cred', `${id}0`)).toBe(false)
  })
})

describe('credential status', () => {
  const moves: CredentialMove[] = ['connect', 'expire', 'disable', 'enable']

  test('[S2-3] every legal move ends in one of the three states', () => {
    for (const from of [...STATUSES, 'hidden'] as const) {
      for (const move of moves) {
        const to = moveStatus(from, move)
        if (to !== undefined) expect(STATUSES).toContain(to)
      }
    }
  })

  test('[S2-3] the moves that must never happen are refused', () => {
    expect(moveStatus('disabled', 'expire')).toBeUndefined()
    expect(moveStatus('disabled', 'connect')).toBeUndefined()
    expect(moveStatus('expired', 'enable')).toBeUndefined()
    expect(moveStatus('hidden', 'enable')).toBeUndefined()
  })

  test('[S2-2] the family comes from the shape of the authentication', () => {
    expect(['BASIC', 'BEARER', 'API_KEY', 'OAUTH', 'NONE', 'CUSTOM_HEADER'].map(familyOf)).toEqual([
      'basic',
      'bearer',
      'apikey',
      'oauth2',
      'none',
      'custom',
    ])
    expect(familyOf('basic')).toBeUndefined()
  })
})

describe('user names', () => {
  test('e-mail addresses meet in one spelling and external ids stay as they are', () => {
    expect(foldUserName(' email: Ann@Example.COM ')).toBe('email:ann@example.com')
    expect(foldUserName('Ann')).toBe('id:Ann')
    expect(foldUserName('id:Ann')).toBe('id:Ann')
    for (const good of ['a@b', "o'neil+tag@mail.example.com", 'ä@bücher.example'])
      expect(foldUserName(`email:${good}`)).toBe(`email:${good}`)
    for (const bad of ['a@b..c', 'a@.c', 'a@b.', '<a@b.c>', 'a@b.c,', 'a@b.c;d', 'email:a@b.c', '"a"@b.c'])
      expect(foldUserName(`email:${bad}`), bad).toBeUndefined()
    for (const bad of ['', 'email:', 'email:a', 'email:a@b@c', 'a\nb', 'id:']) expect(foldUserName(bad)).toBeUndefined()
  })
})
