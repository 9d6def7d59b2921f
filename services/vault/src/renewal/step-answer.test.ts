import type { RecipeStep } from '@credence/provider/renewal'
import { describe, expect, test } from 'vitest'
import { extracted, lifeOf, meaningOf } from './step-answer.ts'

const step = (members: Partial<RecipeStep> = {}): RecipeStep => ({
  name: 's',
  method: 'GET',
  url: 'https://a.example/',
  headers: [],
  query: [],
  expect: [200],
  on: [],
  extract: [],
  ...members,
})
const answer = (body: string, headers: readonly (readonly [string, string])[] = [], status = 200) => ({
  status,
  headers,
  body: Buffer.from(body),
})
const take = (from: string, given: ReturnType<typeof answer>): string | undefined =>
  extracted(given, [{ name: 'x', from }])
    .values.get('x')
    ?.toString('utf8')

describe('what is taken from an answer', () => {
  const json = '{"a":{"b/c":["x",7,true,null,""],"t":"\\u00e4\\"b"}}'
  test.each([
    ['/a/t', 'ä"b'],
    ['/a/b~1c/0', 'x'],
    ['/a/b~1c/1', '7'],
    ['/a/b~1c/2', undefined],
    ['/a/b~1c/3', undefined],
    ['/a/b~1c/4', undefined],
    ['/a', undefined],
    ['/none', undefined],
  ])('[S0-10] by %s is %j', (from, value) => {
    expect(take(from, answer(json))).toBe(value)
  })

  test('[S0-10] can be a header, a cookie, or all of a text', () => {
    const headers = [
      ['x-csrf', 'c1'],
      ['set-cookie', 'sid=old; Path=/'],
      ['set-cookie', 'sid=new=1; HttpOnly'],
      ['set-cookie', 'SID=other'],
    ] as const
    expect(take('header:X-CSRF', answer('', headers))).toBe('c1')
    expect(take('cookie:sid', answer('', headers))).toBe('new=1')
    expect(take('cookie:si', answer('', headers))).toBeUndefined()
    expect(take('body', answer(' \r\n token \n'))).toBe('token')
    expect(take('body', answer('\n'))).toBeUndefined()
  })

  test('[S0-10] is refused with a line break or beyond 16 KiB: it could not be sent', () => {
    expect(take('/a', answer('{"a":"x\\ny"}'))).toBeUndefined()
    expect(take('/a', answer(`{"a":"${'x'.repeat(16_385)}"}`))).toBeUndefined()
    expect(take('/a', answer('not json'))).toBeUndefined()
    expect(
      extracted(answer('{"b":"1"}'), [
        { name: 'b', from: '/b' },
        { name: 'c', from: '/c' },
      ]).missing,
    ).toBe('c')
  })
})

test('[S0-10] a status means what is written for it exactly, then what is expected, then its class', () => {
  const fail = { status: '2xx', does: 'fail', sentence: 'No.', extract: [] } as const
  const on = { status: '202', does: 'forward', to: 'end', extract: [] } as const
  const declared = step({ expect: [200], on: [fail, on] })
  expect([200, 202, 204, 404].map((status) => meaningOf(declared, status))).toEqual(['expected', on, fail, 'unexpected'])
})

test.each([
  [{ expiresIn: 60 }, '{}', 60],
  [{ expiresIn: '/e' }, '{"e":90}', 90],
  [{ expiresIn: '/e' }, '{"e":"90"}', 90],
  [{ expiresIn: '/e' }, '{"e":-1}', undefined],
  [{ expiresIn: '/e' }, '{}', undefined],
  [{ expiresAt: '/e' }, '{"e":"1970-01-01T00:01:00Z"}', 50],
  [{ expiresAt: '/e' }, '{"e":60}', 50],
  [{ expiresAt: '/e' }, '{"e":"whenever"}', undefined],
  [{ expiresAt: '/e' }, '{"e":5}', undefined],
  [{}, '{"expires_in":5}', undefined],
])('[S0-10] %j of %s is a life of %j s', (members, body, lifeS) => {
  expect(lifeOf(step(members), answer(body), 10_000)).toBe(lifeS)
})

test('[S0-10] milliseconds since 1970 are told from seconds by their size', () => {
  expect(lifeOf(step({ expiresAt: '/e' }), answer('{"e":1700000060000}'), 1_700_000_000_000)).toBe(60)
})
