import { expect, test } from 'vitest'
import { renderReview } from './review.ts'

const PATTERN = {
  type: 'BEARER',
  level: 'user',
  fields: [],
  accountFields: [],
  sends: [],
  proxyUrl: 'https://a.example',
  proxyUrlExample: 'https://a.example',
}

test('an update tells what is added, removed and changed, and what becomes of live credentials', () => {
  const text = renderReview({
    displayName: 'A',
    proxyEnabled: true,
    patterns: [PATTERN],
    warnings: [],
    changes: [
      { pointer: '/docs', change: 'added', after: '"x"' },
      { pointer: '/a', change: 'removed', before: '1' },
      { pointer: '/b', change: 'changed', before: '1', after: '2' },
    ],
    moves: [
      { pattern: 0, to: 0 },
      { pattern: 1, to: 0 },
      { pattern: 2, to: 1, stays: 'host_changed' },
      { pattern: 3, stays: 'a_reason_of_later' },
    ],
    live: 7,
  })
  expect(text.split('\n').slice(-11)).toEqual([
    'Changes',
    '  + /docs  "x"',
    '  - /a  1',
    '  ~ /b  1 → 2',
    '',
    'Live credentials',
    '  7 in all',
    '  of pattern 0: follow at once',
    '  of pattern 1: follow at once, to pattern 0',
    '  of pattern 2: stay on their version until reconnected: the host changes',
    '  of pattern 3: stay on their version until reconnected (a_reason_of_later)',
  ])
})

test('a review of a newer platform is shown as far as it is known', () => {
  expect(renderReview({ displayName: 'A\u001b[2J', patterns: [{ ...PATTERN, novel: {} }, 7], later: true })).toMatch(
    /^name +A \[2J\n[\s\S]*Pattern 0: BEARER/,
  )
  expect(renderReview({})).toBe('proxy calls  allowed')
})
