import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ERRORS, type ErrorCode } from './table.ts'

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (\w+) \| (\w+) \| (\d+) \| (.*) \|$/gm)].map(([, code, kind, grpc, http, advice]) => [
  code,
  kind,
  grpc,
  Number(http),
  advice,
])

test('the README lists every code as it is, and none that does not exist', () => {
  const table = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { kind, grpc, http, advice } = ERRORS[code]
    return [code, kind, grpc, http, advice]
  })
  expect(rows).toEqual(table)
})

test("a code that the caller or the rule answers for is never a server error, but for the provider's", () => {
  for (const [code, { kind, http }] of Object.entries(ERRORS)) {
    if (kind === 'bug') expect(http, code).toBe(500)
    else if (kind !== 'world' && !code.startsWith('UPSTREAM') && code !== 'TOKEN_ENDPOINT_REFUSED') expect(http, code).toBeLessThan(500)
  }
})
