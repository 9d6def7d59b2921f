import { newId } from '@credence/credential'
import { isCoded } from '@credence/errors'
import { systemRandom } from '@credence/service'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { credential, fact, PROJECT } from '../../test/setting.ts'
import { asCloudEvent, fromCloudEvent, subjectOf } from './cloud-event.ts'
import { FACTS, type FactType } from './facts.ts'

const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

describe('a fact as a CloudEvent', () => {
  test('has the attributes of CloudEvents 1.0 and names type and source in full', () => {
    const event = asCloudEvent(fact(credential(1), 4, { traceparent: TRACE }))
    expect(event).toEqual({
      specversion: '1.0',
      id: expect.stringMatching(/^evt_/),
      source: 'credence/vault',
      type: 'dev.credence.credential.refreshed',
      subject: credential(1),
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      data: { version: 4 },
      project: PROJECT,
      seq: 4,
      traceparent: TRACE,
    })
    // CloudEvents 1.0 §3.1: names of attributes are lower-case letters and digits.
    for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]+$/)
  })

  test('[S2-19] leaves behind what a fact made by hand should not carry', () => {
    const made = { data: { version: 1, access_token: 'x', note: 'y' } }
    expect(asCloudEvent(fact(credential(1), 1, made)).data).toEqual({ version: 1 })
    expect(asCloudEvent(fact(credential(1), 1, { ...made, type: 'credential.other' })).data).toEqual({})
  })

  test('is the same fact again after JSON', () => {
    const types = fc.constantFrom(...(Object.keys(FACTS) as FactType[]))
    const law = fc.property(types, fc.nat(), fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }), (type, seq, time) => {
      const stated = fact(credential(1), seq, { type, source: FACTS[type].owner, time, data: {} })
      expect(fromCloudEvent(JSON.parse(JSON.stringify(asCloudEvent(stated))))).toEqual(stated)
    })
    fc.assert(law)
  })
})

describe('an event from outside', () => {
  const good = asCloudEvent(fact(credential(1), 1))

  test('[S2-19] loses the members that its fact may not have', () => {
    const read = fromCloudEvent({ ...good, data: { version: 2, access_token: 'x', upstream_error: 'y' }, traceparent: 'none' })
    expect(read.data).toEqual({ version: 2 })
    expect(read).not.toHaveProperty('traceparent')
  })

  test('is refused with every attribute that is at fault', () => {
    const bad = { ...good, id: newId('cred', systemRandom.bytes), subject: 'a.>', seq: -1, time: 'soon' }
    const error = thrownBy(() => fromCloudEvent(bad))
    if (!isCoded(error, 'INVALID_REQUEST')) throw error
    expect(error.details.faults?.map(({ pointer }) => pointer)).toEqual(['/id', '/subject', '/time', '/seq'])
  })

  test('is refused when it is of an unknown type, of another owner, or no event', () => {
    const others = [
      null,
      'text',
      [],
      { ...good, specversion: '0.3' },
      { ...good, type: 'dev.credence.credential.relabelled' },
      { ...good, type: 'credential.refreshed' },
      { ...good, type: 'dev.credence.constructor' },
      { ...good, source: 'credence/registry' },
      { ...good, data: undefined },
      { ...good, project: '*' },
    ]
    for (const other of others)
      expect(
        isCoded(
          thrownBy(() => fromCloudEvent(other)),
          'INVALID_REQUEST',
        ),
        JSON.stringify(other),
      ).toBe(true)
  })
})

describe('the subject of a fact', () => {
  test('[C-2] names project, fact and id', () => {
    expect(subjectOf(fact(credential(1), 1))).toBe(`credence.v1.${PROJECT}.credential.refreshed.${credential(1)}`)
  })

  test('is never made of what means something else in a subject', () => {
    for (const subject of ['a.b', '*', '>', '', 'a b']) expect(() => subjectOf(fact(subject, 1))).toThrow(TypeError)
  })
})

function thrownBy(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}
