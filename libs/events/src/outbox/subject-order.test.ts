import { expect, test } from 'vitest'
import { credential, fact } from '../../test/setting.ts'
import { SubjectOrder } from './subject-order.ts'

const [A, B] = [credential(1), credential(2)]
const at = (ms: number, subject: string, seq: number) => ({ storedAt: new Date(ms), fact: fact(subject, seq) })
const told = (facts: readonly { subject: string; seq: number }[]): string[] =>
  facts.map(({ subject, seq }) => `${subject === A ? 'A' : 'B'}${seq}`)

test('[C-2] R2 what two replicas noted the wrong way round is given in the order of each subject', () => {
  const order = new SubjectOrder()
  order.add([at(1_000, A, 2), at(1_001, B, 1), at(1_002, A, 1), at(1_003, A, 3)])
  expect(told(order.takeAll())).toEqual(['A1', 'B1', 'A2', 'A3'])
  expect(order.takeAll()).toEqual([])
})

test('R2 an earlier fact that comes with the next page, as much later as clocks may differ, still goes first', () => {
  const order = new SubjectOrder()
  order.add([at(0, B, 1), at(20_000, A, 2)])
  const first = told(order.takeRipe())
  order.add([at(25_000, A, 1), at(60_000, B, 2)])
  const second = told(order.takeRipe())
  expect([first, second, told(order.takeAll())]).toEqual([['B1'], ['A1', 'A2'], ['B2']])
})
