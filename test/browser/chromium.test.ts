import { expect, test } from 'vitest'
import { withoutBrowser } from '../support/browser.ts'

test('a machine without a browser is told how to get one, and one that has it is told nothing', async () => {
  expect(await withoutBrowser({ CHROMIUM: '/nowhere/chromium' })).toMatch(/\/nowhere\/chromium[\s\S]*apt-get install chromium/)
  expect(await withoutBrowser({ CHROMIUM: process.execPath })).toBeUndefined()
})
