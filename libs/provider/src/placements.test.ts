import { describe, expect, test } from 'vitest'
import { placementsOf } from './placements.ts'

describe('placementsOf', () => {
  test('[S0-4] a pattern without a password field sends an empty password', () => {
    expect(placementsOf({ type: 'BASIC', fields: [{ field_name: 'username' }] })).toEqual([
      {
        in: 'header',
        name: 'Authorization',
        value: [{ literal: 'Basic ' }, { base64: [{ field: 'username' }, { literal: ':' }, { field: 'password', default: '' }] }],
      },
    ])
  })

  test('[S1-6] mutations become members of the segment', () => {
    const auth_field_mutations = { username: { prefix: 'p', suffix: 's' }, password: { default: 'X' } }
    const [placement] = placementsOf({ type: 'BASIC', auth_field_mutations })
    expect(placement?.value[1]).toEqual({
      base64: [{ field: 'username', prefix: 'p', suffix: 's' }, { literal: ':' }, { field: 'password', default: 'X' }],
    })
  })

  test('[S1-6] empty mutations change nothing', () => {
    const auth_field_mutations = { token: { prefix: '', suffix: '', default: '' } }
    expect(placementsOf({ type: 'BEARER', auth_field_mutations })[0]?.value).toEqual([{ literal: 'Bearer ' }, { field: 'token' }])
  })

  test('a field named like a member of every object has no mutation', () => {
    const headers = [{ name: 'X-A', value: '{{constructor}}' }]
    expect(placementsOf({ type: 'CUSTOM_HEADER', headers, auth_field_mutations: {} })[0]?.value).toEqual([{ field: 'constructor' }])
  })

  test.each([
    ['Bearer', 'Bearer '],
    ['v1', 'v1 '],
    ['Token ', 'Token '],
    ['key=', 'key='],
    ['"', '"'],
  ])('[S0-6] the header prefix %j is sent as %j', (prefix, literal) => {
    expect(placementsOf({ type: 'CUSTOM_HEADER', headers: [{ name: 'X-A', prefix, value: '{{a}}' }] })[0]?.value[0]).toEqual({ literal })
  })

  test('[S1-12] a header beside a key in the query does not replace it', () => {
    const pattern = { type: 'API_KEY', auth_query_key: 'k', headers: [{ name: 'Authorization', value: 'x' }] } as const
    expect(placementsOf(pattern).map((placement) => [placement.in, placement.name])).toEqual([
      ['query', 'k'],
      ['header', 'Authorization'],
    ])
  })

  test('[S0-1] NONE may still send what is no credential', () => {
    expect(placementsOf({ type: 'NONE', headers: [{ name: 'Accept', value: 'text/plain' }] })).toEqual([
      { in: 'header', name: 'Accept', value: [{ literal: 'text/plain' }] },
    ])
  })
})
