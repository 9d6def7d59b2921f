import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Fails when a generated file is not what it would be now. It is written anew first, so that the next run passes and the change
 * is seen in the diff; where CI=true nothing is written.
 */
export function keepEqual(path: string, text: string): void {
  const file = `${ROOT}${path}`
  const kept = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (kept === text) return
  const inCi = process.env.CI === 'true'
  if (!inCi) writeFileSync(file, text)
  expect(
    kept,
    inCi ? `${path} is not up to date: run this test on your machine and commit it` : `${path} was written anew: commit it`,
  ).toBe(text)
}
