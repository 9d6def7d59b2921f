import { createHmac } from 'node:crypto'
import { seededRandom } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import { type InjectedRequest, inject } from '../inject.ts'
import { RequestDraft } from './request-draft.ts'
import { signSigV4 } from './sign-sigv4.ts'

const random = seededRandom('draft')
const isWiped = (bytes: Uint8Array): boolean => bytes.byteLength > 0 && bytes.every((byte) => byte === 0)

function placed(url = 'https://api.example.com/x?a=1'): InjectedRequest {
  const fields = new Map([['key', Buffer.from('placed-71')]])
  const placements = [
    { in: 'query', name: 'k', value: [{ field: 'key' }] },
    { in: 'header', name: 'X-Key', value: [{ literal: 'v ' }, { field: 'key' }] },
  ] as const
  return inject(
    {
      url: new URL(url),
      headers: [
        ['X-List', ' one '],
        ['x-list', 'two'],
      ],
    },
    placements,
    { fields, plain: {}, random },
  )
}

/** Sees whatever is only of use while the signature is made. */
class Watched extends RequestDraft {
  readonly seen: Buffer[] = []

  override scratch(bytes: Buffer): Buffer {
    // The base constructor reads nothing, so the list is there.
    this.seen.push(bytes)
    return super.scratch(bytes)
  }
}

describe('a request that is being signed', () => {
  test('[S0-10] gives what will stand on the wire, secrets in place', () => {
    using draft = new RequestDraft(placed(), { method: 'GET', body: Buffer.from('four'), random })
    expect(draft.query().toString()).toBe('a=1&k=placed-71')
    expect(draft.target().toString()).toBe('/x?a=1&k=placed-71')
    expect([draft.header('x-key')?.toString(), draft.header('x-list')?.toString(), draft.header('x-none')]).toEqual([
      'v placed-71',
      'one, two',
      undefined,
    ])
    expect(['host', 'content-length'].map((name) => draft.header(name)?.toString())).toEqual(['api.example.com', '4'])
  })

  test('[S2-17] wipes what was read of it when it is signed, and what was placed only when it was not', () => {
    const read: Buffer[] = []
    const request = placed()
    {
      using draft = new RequestDraft(request, { method: 'GET', body: undefined, random })
      read.push(draft.query(), draft.target(), draft.header('x-key') ?? Buffer.alloc(0))
      draft.finish()
    }
    expect(read.map(isWiped)).toEqual([true, true, true])
    expect(request.secrets.some(({ bytes }) => isWiped(bytes))).toBe(false)
    {
      using draft = new RequestDraft(request, { method: 'GET', body: undefined, random })
      draft.setHeader('X-Late', Buffer.from('late'))
    }
    expect(request.secrets.every(({ bytes }) => isWiped(bytes))).toBe(true)
  })

  test('[S2-17] derived keys live for one signature', () => {
    const fields = new Map([
      ['id', Buffer.from('AKID')],
      ['secret', Buffer.from('aws-secret-72')],
    ])
    const at = (name: string) => [{ field: name }]
    const literal = (text: string) => [{ literal: text }]
    const draft = new Watched(placed(), { method: 'GET', body: undefined, random })
    signSigV4(
      {
        kind: 'aws_sigv4',
        region: literal('r'),
        service: literal('s'),
        accessKeyId: at('id'),
        secretAccessKey: at('secret'),
        in: 'header',
        unsignedPayload: false,
        contentSha256: false,
        pathEncoding: 'double',
        expiresSeconds: 60,
        signedHeaders: [],
      },
      { draft, fields, timeMs: Date.UTC(2026, 0, 2), nonce: 'n' },
    )
    const steps = ['20260102', 'r', 's', 'aws4_request']
    const derived = [Buffer.from('AWS4aws-secret-72')]
    for (const step of steps)
      derived.push(
        createHmac('sha256', derived.at(-1) ?? '')
          .update(step)
          .digest(),
      )
    const found = derived.map((key) => draft.seen.find((bytes) => bytes.equals(key)))
    expect(found.every((bytes) => bytes !== undefined)).toBe(true)
    draft.finish()
    draft[Symbol.dispose]()
    expect(draft.seen.filter((bytes) => bytes.byteLength > 0).every(isWiped)).toBe(true)
  })
})
