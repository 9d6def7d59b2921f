import { expect, test } from 'vitest'
import { findEngine, haveEngine, type Ways } from './find-engine.ts'

type Way = 'here' | 'contained' | 'installed'
const HOW = 'Put it there.'

/** Ways of which those that are named lead somewhere, and which were tried. */
function waysWith(good: readonly Way[], more: Partial<Ways<string>> = {}): { ways: Ways<string>; tried: Way[] } {
  const tried: Way[] = []
  const way = (name: Way) => async (): Promise<string | undefined> => {
    tried.push(name)
    return good.includes(name) ? name : undefined
  }
  const ways = { here: way('here'), contained: way('contained'), installed: way('installed') }
  return { ways: { engine: 'Redis', given: undefined, how: HOW, ...ways, ...more }, tried }
}

test.each([
  [['here', 'contained', 'installed'], 'here', ['here']],
  [['contained', 'installed'], 'contained', ['here', 'contained']],
  [['installed'], 'installed', ['here', 'contained', 'installed']],
] as const)('of %j an engine is had by the first way: %s', async (good, first, order) => {
  const { ways, tried } = waysWith(good)
  expect(await findEngine(ways)).toBe(first)
  expect(tried).toEqual(order)
})

test('a way that fails does not keep the next from being tried', async () => {
  const { ways, tried } = waysWith(['installed'], { contained: () => Promise.reject(new TypeError('no image')) })
  expect(await findEngine(ways)).toBe('installed')
  expect(tried).toEqual(['here', 'installed'])
})

test('where all ways lead nowhere it is told what to do, and why each failed', async () => {
  const { ways } = waysWith([], { installed: () => Promise.reject(new TypeError('no network')) })
  await expect(findEngine(ways)).rejects.toMatchObject({
    message: `there is no Redis here. ${HOW}`,
    cause: [expect.objectContaining({ message: 'no network' })],
  })
})

test('the one in the environment is taken first, but only by suites that may share it', async () => {
  const { ways, tried } = waysWith([], { given: 'redis://127.0.0.1:1' })
  const find = (): Promise<string> => findEngine(ways)
  expect(await haveEngine(ways, find, { mayBeShared: true, isCi: true })).toBe(true)
  expect(tried).toEqual([])
  await expect(haveEngine(ways, find, { isCi: true })).rejects.toThrow('no Redis here')
  expect(tried).toHaveLength(3)
})

test('a missing engine is a loud skip on a machine of a user and a failure in CI', async () => {
  const { ways } = waysWith([])
  const find = (): Promise<string> => findEngine(ways)
  const said: string[] = []
  expect(await haveEngine(ways, find, { isCi: false, say: (line) => void said.push(line) })).toBe(false)
  expect(said).toEqual([`\n*** SKIPPED, no Redis here. ${HOW} ***\n`])
  await expect(haveEngine(ways, find, { isCi: true })).rejects.toThrow(HOW)
})
