import { validatorCompiler } from 'fastify-type-provider-zod'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { asCoded } from './problem.ts'

const schema = z.strictObject({
  label: z.string().min(1).max(5),
  count: z.coerce.number().int().min(1).max(200).optional(),
  whole: z.number().int().optional(),
  flag: z.boolean().optional(),
  list: z.array(z.string()).min(1).max(2).optional(),
  map: z.record(z.string(), z.string()).optional(),
  level: z.enum(['user', 'project']).optional(),
  version: z.literal(1).optional(),
  at: z.iso.datetime({ offset: true }).optional(),
  own: z
    .string()
    .refine((text) => text === 'yes', 'Say yes.')
    .optional(),
})

function told(value: unknown): readonly string[] {
  const { error } = validatorCompiler({ schema } as never)(value) as { error?: unknown }
  return asCoded({ validation: error })?.details.faults?.map(({ pointer, code, detail }) => `${pointer} ${code} ${detail}`) ?? []
}

test('each fault of a request says what to write, and never what was sent', () => {
  expect(told(undefined)).toEqual([' MISSING Write an object.'])
  expect(told([])).toEqual([' INVALID_TYPE Write an object.'])
  expect(told({})).toEqual(['/label MISSING Add `label`: a text in quotation marks.'])
  const canary = 'canary-5c1e'
  const all = told({
    ...{ label: '', count: canary, whole: 1.5, flag: canary, list: [], map: canary, level: canary, version: 2, at: canary, own: canary },
    other: canary,
  })
  expect(all).toEqual([
    '/label TOO_SMALL Write at least one character.',
    '/count INVALID_TYPE Write a number.',
    '/whole INVALID_TYPE Write a whole number.',
    '/flag INVALID_TYPE Write true or false.',
    '/list TOO_SMALL Write at least one item.',
    '/map INVALID_TYPE Write an object.',
    '/level NOT_ALLOWED Write one of `user`, `project`.',
    '/version NOT_ALLOWED Write `1`.',
    '/at INVALID_FORMAT Write a time such as `2026-12-31T00:00:00Z` (RFC 3339).',
    '/own INVALID Say yes.',
    '/other UNKNOWN_MEMBER Remove it; there is no such member.',
  ])
  expect(all.join()).not.toContain(canary)
})

test('a bound is told with its unit', () => {
  expect(told({ label: 'longer', count: 0, list: ['a', 'b', 'c'] })).toEqual([
    '/label TOO_LARGE Write at most 5 characters.',
    '/count TOO_SMALL Write a number of at least 1.',
    '/list TOO_LARGE Write at most 2 items.',
  ])
  expect(told({ label: 'a', count: 201 })).toEqual(['/count TOO_LARGE Write a number of at most 200.'])
})
