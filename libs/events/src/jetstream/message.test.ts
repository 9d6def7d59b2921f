import { idOf, newId } from '@credence/credential'
import { systemRandom } from '@credence/service'
import { headers } from '@nats-io/nats-core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Fact } from '../event-bus.ts'
import { FACTS, type FactType } from '../fact/facts.ts'
import { factIn, messageOf, subjectsOf } from './message.ts'

const PROJECT = idOf('proj', new Uint8Array(16))
const SUBJECT = idOf('cred', new Uint8Array(16))

const base: Fact = {
  id: newId('evt', systemRandom.bytes),
  type: 'credential.refreshed',
  source: 'vault',
  project: PROJECT,
  subject: SUBJECT,
  seq: 3,
  time: new Date('2026-01-01T00:00:00Z'),
  data: { version: 3 },
}

function received(fact: Fact): Parameters<typeof factIn>[0] {
  const { subject, headers: head, payload } = messageOf(fact)
  return { subject, headers: head, string: () => payload }
}

/** A NATS subject against a filter (`*` one token, `>` the rest). */
function covers(filter: string, subject: string): boolean {
  const pattern = filter.replaceAll('.', '\\.').replace(/>$/, '.+').replaceAll('*', '[^.]+')
  return new RegExp(`^${pattern}$`).test(subject)
}

describe('a fact as a message', () => {
  test('comes out as it went in, whatever it tells', () => {
    const types = Object.keys(FACTS) as FactType[]
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.nat(),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
        (type, seq, time) => {
          const fact = {
            ...base,
            type,
            source: FACTS[type].owner,
            seq,
            time,
            data: FACTS[type].data.includes('version') ? { version: seq } : {},
          }
          expect(factIn(received(fact))).toEqual(fact)
        },
      ),
    )
  })

  test('is refused when a stranger changed any part of it', () => {
    const whole = received(base)
    expect(factIn(whole)).toEqual(base)
    for (const name of ['specversion', 'id', 'source', 'type', 'subject', 'time', 'project', 'seq']) {
      for (const value of ['', ' ', 'x y', '%', '../', 'ö', 'dev.credence.credential.expired', 'credence/registry']) {
        const head = headers()
        for (const [key, [was]] of whole.headers!) head.set(key, was!)
        head.set(`ce-${name}`, value)
        expect(() => factIn({ ...whole, headers: head }), `${name}: ${value}`).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
      }
    }
  })

  test('is refused under a subject that is not its own, and without data', () => {
    const whole = received(base)
    for (const subject of ['credence.v1.x', whole.subject.replace('refreshed', 'revoked'), whole.subject.replace(PROJECT, 'proj_x')]) {
      expect(() => factIn({ ...whole, subject })).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
    }
    for (const payload of ['', 'null', '7', '{', '\u0000']) {
      expect(() => factIn({ ...whole, string: () => payload }), payload).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
    }
    const bare = { subject: whole.subject, string: (): string => '{}' } as Parameters<typeof factIn>[0]
    expect(() => factIn(bare)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }))
  })
})

describe('the subjects of a filter', () => {
  test('hold every fact that the filter lets through, and do not overlap', () => {
    const types = Object.keys(FACTS) as FactType[]
    const wanted = fc.array(fc.constantFrom(...types, 'credential.', 'provider.', 'session.'), { maxLength: 6 })
    fc.assert(
      fc.property(fc.option(wanted, { nil: undefined }), fc.boolean(), fc.constantFrom(...types), (filtered, ours, type) => {
        const filter = { ...(filtered === undefined ? {} : { types: filtered }), ...(ours ? { project: PROJECT } : {}) }
        const fact = { ...base, type, source: FACTS[type].owner, project: ours ? PROJECT : 'proj_other' }
        const fits = filtered?.some((one) => (one.endsWith('.') ? type.startsWith(one) : type === one)) ?? true
        const { subject } = messageOf(fact)
        expect(subjectsOf(filter).filter((one) => covers(one, subject))).toHaveLength(fits ? 1 : 0)
      }),
    )
  })

  test('leave to the reader what a subject cannot say', () => {
    expect(subjectsOf({ types: ['credential.ref>', 'x'] })).toEqual(['credence.v1.>'])
    expect(subjectsOf({ project: '*', types: ['credential.used'] })).toEqual(['credence.v1.*.credential.used.*'])
    expect(subjectsOf({ project: PROJECT })).toEqual([`credence.v1.${PROJECT}.>`])
  })
})
