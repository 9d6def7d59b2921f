import { ATTACKER_HOST, closedSite, endlessSite, framesSite, hugeSite, injectedSite, misleadingSite } from '@credence/testkit/doc-sites'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RESEARCH_LIMITS } from '../../src/research/limits.ts'
import { payloadOf, type ResearchScene, startResearchScene } from './scene.ts'

const huge = hugeSite()
const closed = closedSite()
let scene: ResearchScene
beforeAll(async () => {
  const attacker = { hosts: { [ATTACKER_HOST]: (_: unknown, response: { end(): void }) => response.end() } }
  scene = await startResearchScene([misleadingSite(), injectedSite(), endlessSite(), huge, framesSite(), closed, attacker])
})
afterAll(() => scene.close())

test('[S2-12] a page about another API, a withdrawn way and a blog do not win over the one right page', async () => {
  const payload = payloadOf(await scene.run('gorsepay.example'))
  expect(payload).toMatchObject({
    auth_patterns: [{ type: 'API_KEY', auth_header_key_override: 'Gorse-Api-Key' }],
    verify: { path: '/account' },
  })
  expect(payload.proxy_url).toBe('https://api.gorsepay.example/v2')
  expect(payload.auth_patterns).toHaveLength(1)
  expect(JSON.stringify(payload)).not.toMatch(/zephyr/i)
})

test('[S2-12] orders that stand on pages, shown or hidden, are not followed: nothing of them is in payload, steps or requests', async () => {
  const report = await scene.run('hazelnotes.example')
  expect(payloadOf(report)).toMatchObject({ auth_patterns: [{ type: 'BEARER' }], proxy_url: 'https://api.hazelnotes.example/v1' })
  const shown = JSON.stringify({ ...report, payload: payloadOf(report), visits: [] })
  expect(shown).not.toMatch(/attacker|X-Leak-Key|ignore all|e-mail your key/i)
  expect(scene.sites.asked.filter(({ host }) => host === ATTACKER_HOST)).toEqual([])
})

test('[S2-12] a site that never ends is left at the limits of pages, bytes, redirects and time', async () => {
  const limits = { ...RESEARCH_LIMITS, pages: 12, pageBytes: 200_000, bytes: 1_000_000 }
  const before = scene.sites.asked.length
  const report = await scene.run('ivyloop.example', { limits })
  expect(report.outcome).toBe('incomplete')
  expect(report.missing.map(({ pointer }) => pointer)).toEqual(['/auth_patterns', '/proxy_url'])
  const asked = scene.sites.asked.slice(before).filter(({ url }) => url !== '/robots.txt')
  expect(asked.length).toBeLessThanOrEqual(limits.pages)
  expect(report.visits.at(-1)?.outcome).toMatch(/limit|read|missing/)
})

test('[S2-12] redirects without end and an answer without end are given up, and nothing else is lost by them', async () => {
  const outcomes = async (address: string): Promise<Record<string, string>> => {
    const report = await scene.run(address, { limits: { ...RESEARCH_LIMITS, pages: 4, redirects: 2, pageBytes: 200_000 } })
    return Object.fromEntries(report.visits.map(({ url, outcome }) => [url, outcome]))
  }
  expect(await outcomes('https://ivyloop.example/hop')).toMatchObject({ 'https://ivyloop.example/hop': 'redirects' })
  expect(await outcomes('https://slow.ivyloop.example/oauth')).toMatchObject({ 'https://slow.ivyloop.example/oauth': 'cut' })
})

test('[S2-12] a research whose time is over stops asking, however many pages are left', async () => {
  let now = 0
  const before = scene.sites.asked.length
  const monotonicMs = (): number => (now += 9_000)
  await scene.run('ivyloop.example', { monotonicMs })
  expect(scene.sites.asked.slice(before).length).toBeLessThan(8)
})

test('[S2-12] of a page of 50 MB only the beginning is asked for, and it is enough', async () => {
  const report = await scene.run('https://junipercms.example/docs/api')
  expect(payloadOf(report)).toMatchObject({ auth_patterns: [{ auth_header_key_override: 'X-Juniper-Key' }] })
  expect(report.visits.some(({ outcome }) => outcome === 'cut')).toBe(true)
  // What was on the way when the connection was ended is in the buffers of both sides.
  expect(huge.sentBytes()).toBeLessThan(20 * 1024 * 1024)
})

test('[S2-12] frames within frames are read to a depth, and deeply nested elements do no harm', async () => {
  const report = await scene.run('larchframes.example')
  expect(payloadOf(report)).toMatchObject({ auth_patterns: [{ auth_header_key_override: 'X-Larch-Token' }], verify: { path: '/profile' } })
  expect(new Set(report.visits.map(({ url }) => url)).size).toBe(report.visits.length)
})

test('[S2-12] a site that forbids programs to read is not read, and the report says so', async () => {
  const report = await scene.run('yewclosed.example')
  expect(closed.asked).not.toContain('/docs/authentication')
  expect(report.visits).toContainEqual({ url: 'https://yewclosed.example/docs/authentication', outcome: 'robots' })
  expect(report.outcome).toBe('incomplete')
})

test('[S2-12] where nothing can be reached the address is asked for again, and no robots.txt is said to forbid it', async () => {
  const report = await scene.run('docs.nobody-there.example')
  expect(report.missing[0]).toEqual({
    pointer: '',
    question: 'Nothing at docs.nobody-there.example could be reached. Check the address and give it again, or write the payload by hand.',
    required: true,
  })
  expect(report.visits.length).toBeGreaterThan(0)
  expect(report.visits.filter(({ outcome }) => outcome !== 'failed')).toEqual([])
  const walled = await scene.run('https://ivyloop.example/hop', { limits: { ...RESEARCH_LIMITS, pages: 4, redirects: 2 } })
  expect(walled.missing.map(({ question }) => question).join()).not.toMatch(/could be reached/)
})
