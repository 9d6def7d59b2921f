import { expect, test } from 'vitest'
import { MOST_SERVICES, serviceLines } from './service-lines.ts'

test('a service on each line; blanks and empty lines are nothing', () => {
  const { services, problems } = serviceLines('  Freshdesk \r\n\r\n docs.acornmail.example/api\rBirch Maps\n')
  expect([services, problems]).toEqual([['Freshdesk', 'docs.acornmail.example/api', 'Birch Maps'], []])
})

test.each(['', ' \n\t\n'])('nothing written is said, and no service', (typed) => {
  expect(serviceLines(typed).problems).toEqual(['Write the name of a service, or the address of its site.'])
})

test('[S2-14] what looks like a secret is named by its line, and neither kept nor repeated', () => {
  const { kept, problems } = serviceLines('Freshdesk\nsk_live_51Hxyzabcdefghijk\n\nAcme')
  expect(kept).toBe('Freshdesk\n\nAcme')
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(/^Line 2 looks like a secret/)
  expect(JSON.stringify(problems)).not.toContain('51Hxyz')
})

test('what cannot be a name stays to be corrected', () => {
  const odd = `Acme\u0007\n${'word '.repeat(500)}`
  const { kept, problems } = serviceLines(odd)
  expect(problems.map((problem) => problem.slice(0, 14))).toEqual(['Line 1 has cha', 'Line 2 is too '])
  expect(kept).toBe(odd.trim())
})

test('more than can be started at once are refused together', () => {
  const typed = Array.from({ length: MOST_SERVICES + 1 }, (_, at) => `Service ${at}`).join('\n')
  expect(serviceLines(typed).problems).toEqual([`These are ${MOST_SERVICES + 1}. Start at most ${MOST_SERVICES} at once.`])
})
