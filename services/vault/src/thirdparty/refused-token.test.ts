import { Readable } from 'node:stream'
import type { OutboundResponse } from '@credence/egress'
import type { Recipe } from '@credence/provider'
import { expect, test } from 'vitest'
import { readRefusal } from './refused-token.ts'

const recipe = { native: { refused: { statuses: [400, 401], pointer: '/error/code', values: ['190'] } } } as unknown as Recipe

async function read(status: number, ...chunks: readonly string[]): Promise<{ refused: boolean; text: string }> {
  const body = Readable.from(chunks.map((chunk) => Buffer.from(chunk)))
  const { upstream, refused } = await readRefusal({ status, headers: [], body, remoteAddress: '' } satisfies OutboundResponse, recipe)
  const parts: Buffer[] = []
  for await (const part of upstream.body) parts.push(part as Buffer)
  return { refused, text: Buffer.concat(parts).toString() }
}

test.each([
  [400, '{"error":{"code":190,"error_subcode":460}}', true],
  [401, '{"error":{"code":"190"}}', true],
  [400, '{"error":{"code":100}}', false],
  [403, '{"error":{"code":190}}', false],
  [200, '{"error":{"code":190}}', false],
  [400, '<html>190</html>', false],
  [400, '', false],
])('[S2-10] %i %s means a refused token: %s, and the caller gets the answer as it came', async (status, text, refused) => {
  const halves = [text.slice(0, 9), text.slice(9)].filter((half) => half !== '')
  expect(await read(status, ...halves)).toEqual({ refused, text })
})

test('a long answer is no error, and is passed on whole', async () => {
  const long = `{"error":{"code":190},"more":"${'x'.repeat(100_000)}"}`
  expect(await read(400, ...(long.match(/.{1,9000}/g) ?? []))).toEqual({ refused: false, text: long })
})
