import { isId } from '@credence/credential'
import { systemRandom } from '@credence/service'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { credential, PROJECT } from '../../test/setting.ts'
import type { NewFact } from '../fact/facts.ts'
import { addFacts, type HasOutbox, withoutFacts } from './outbox.ts'

interface Parent extends HasOutbox {
  readonly label: string
}

const empty: Parent = { id: credential(1), v: 1, label: 'mine', outbox: [], factSeq: 0 }
const at = (now: number, subject: string = empty.id) => ({ source: 'registry', project: PROJECT, subject, now, random: systemRandom })
const enabled = (version: number): NewFact => ({ type: 'credential.enabled', data: { version } })

describe('adding facts to a document', () => {
  test('keeps the document and gives each fact its own id and the next seq', () => {
    const first = addFacts(empty, [enabled(1), { type: 'credential.disabled' }], at(1_000))
    const second = addFacts(first, [enabled(2)], { ...at(2_000), traceparent: 'trace' })
    expect(second).toMatchObject({ label: 'mine', factSeq: 3, outboxSince: new Date(1_000) })
    expect(second.outbox.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      '1 credential.enabled',
      '2 credential.disabled',
      '3 credential.enabled',
    ])
    expect(second.outbox[2]).toMatchObject({ source: 'registry', subject: empty.id, time: new Date(2_000), traceparent: 'trace' })
    expect(new Set(second.outbox.map(({ id }) => id)).size).toBe(3)
    expect(second.outbox.every(({ id }) => isId('evt', id))).toBe(true)
    expect(empty.outbox).toEqual([])
  })

  test('no facts leave the document as it is', () => {
    expect(addFacts(empty, [], at(1))).toBe(empty)
  })

  test('beyond 64 entries the oldest of a type goes into the next one, which counts', () => {
    let doc = addFacts(empty, [{ type: 'credential.created' }], at(0))
    for (let version = 1; version <= 70; version++) doc = addFacts(doc, [enabled(version)], at(version))
    expect(doc.outbox).toHaveLength(64)
    expect(doc.outbox[0]).toMatchObject({ type: 'credential.created', data: {} })
    expect(doc.outbox[1]).toMatchObject({ seq: 9, data: { version: 8, coalesced: 8 } })
    expect(doc.outbox.at(-1)).toMatchObject({ seq: 71, data: { version: 70 } })
  })

  test('facts about different subjects are never joined', () => {
    let doc: Parent = empty
    for (let n = 0; n < 80; n++) doc = addFacts(doc, [{ type: 'consumer.orphaned' }], at(n, `csmr_${n}`))
    expect(new Set(doc.outbox.map(({ subject }) => subject)).size).toBe(80)
  })

  test('whatever is added, the latest of each type stays, in order, and every fact is counted', () => {
    const types = ['credential.enabled', 'credential.disabled', 'credential.shared', 'credential.connected'] as const
    const law = fc.property(fc.array(fc.constantFrom(...types), { maxLength: 200 }), (added) => {
      const doc = added.reduce((state: Parent, type, i) => addFacts(state, [{ type }], at(i)), empty)
      const seqs = doc.outbox.map(({ seq }) => seq)
      expect(doc.outbox.length).toBe(Math.min(added.length, 64))
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
      for (const type of types) expect(doc.outbox.findLast((fact) => fact.type === type)?.seq ?? 0).toBe(added.lastIndexOf(type) + 1)
      expect(doc.outbox.reduce((sum, { data }) => sum + Number(data.coalesced ?? 1), 0)).toBe(added.length)
    })
    fc.assert(law, { numRuns: 50 })
  })
})

describe('taking relayed facts away', () => {
  test('an empty outbox takes the document out of the index', () => {
    const doc = addFacts(empty, [enabled(1), enabled(2)], at(1))
    expect(withoutFacts(doc, new Set(doc.outbox.map(({ id }) => id)))).toMatchObject({ outbox: [], outboxSince: undefined, factSeq: 2 })
  })

  test('what came in the meantime stays and waits since its own time', () => {
    const doc = addFacts(addFacts(empty, [enabled(1)], at(1)), [enabled(2)], at(5))
    const left = withoutFacts(doc, new Set([doc.outbox[0]!.id]))
    expect(left.outbox.map(({ seq }) => seq)).toEqual([2])
    expect(left.outboxSince).toEqual(new Date(5))
  })
})
