import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ALLOW } from '@credence/rpc'
import { METRICS, type MetricRow, metricTable } from '@credence/service/metrics'
import { searchForCanaries, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect, credentialOf, type LocalJourney, registerProviders, USER } from '../support/journey.ts'
import { type ObservedJourney, startObserved } from '../support/observed-journey.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { type Scrape, scrape } from '../support/scrape.ts'
import { SECRETS } from '../support/world.ts'

const DEPLOY = fileURLToPath(new URL('../../deploy/observability/', import.meta.url))
const home = tempHome()
const within = { timeout: 30_000, interval: 100 }
let observed: ObservedJourney
let sink: OtlpSink
let journey: LocalJourney
let first: Scrape

const look = (): Promise<Scrape> => scrape(journey.platform.probes)
const call = (id: string, path: string, key = journey.platform.key ?? ''): Promise<number> =>
  fetch(`${journey.platform.data}/v1/proxy/${id}${path}`, { headers: { authorization: `Bearer ${key}`, 'credence-user': USER } }).then(
    async (response) => {
      await response.arrayBuffer()
      return response.status
    },
  )
/** By how much a figure has grown since `before`. */
const grown =
  (before: Scrape, name: string, labels: Readonly<Record<string, string>> = {}) =>
  async (): Promise<number> =>
    ((await look()).sum(name, labels) ?? 0) - (before.sum(name, labels) ?? 0)

beforeAll(async () => {
  observed = await startObserved(home.path)
  ;({ sink, journey } = observed)
  first = await look()
  await registerProviders(journey)
  for (const name of ['acme', 'bearer', 'freshdesk'] as const) await connect(journey, name)
}, 120_000)
afterAll(async () => {
  await observed.stop()
  home.remove()
})

describe('the figures of a platform at work', () => {
  test('[C-6] tell what connected, and who was verified', async () => {
    expect(await grown(first, 'credence_sessions_total', { state: 'started' })()).toBe(3)
    expect(await grown(first, 'credence_sessions_total', { state: 'connected', service: 'gateway' })()).toBe(3)
    await journey.ann.credentials.verify(credentialOf(journey, 'acme'))
    await expect.poll(grown(first, 'credence_verifications_total', { service: 'verifier', verdict: 'ok' }), within).toBeGreaterThan(0)
  })

  test('[C-6] tell calls by outcome, our time and the time of the provider apart', async () => {
    const id = credentialOf(journey, 'bearer')
    const before = await look()
    for (const path of ['/echo', '/echo', '/status/404', '/status/503']) await call(id, path)
    const after = await look()
    const more = (name: string, labels: Record<string, string>): number => (after.sum(name, labels) ?? 0) - (before.sum(name, labels) ?? 0)
    expect(['2xx', '4xx', '5xx'].map((outcome) => more('credence_proxy_calls_total', { outcome }))).toEqual([2, 1, 1])
    for (const part of ['credence', 'provider']) expect(more('credence_proxy_seconds_count', { part })).toBe(4)
    expect(more('credence_proxy_seconds_sum', { part: 'credence' })).toBeGreaterThan(0)
    expect(more('credence_provider_errors_total', { via: 'call', class: 'server_error' })).toBe(1)
    expect(more('credence_denied_total', {})).toBe(0)
  })

  test('[C-6] the wait for a slow provider is none of ours', async () => {
    const before = await look()
    const { requests } = journey.world.apis.bearer
    const [seen, began, abort] = [requests.length, performance.now(), new AbortController()]
    const answer = journey.ann.fetch(credentialOf(journey, 'bearer'), '/never', { signal: abort.signal }).catch(() => undefined)
    await expect.poll(() => requests.length, within).toBeGreaterThan(seen)
    const held = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const heldMs = performance.now() - held
    abort.abort()
    await answer
    await expect.poll(grown(before, 'credence_proxy_seconds_count', { part: 'provider' }), within).toBe(1)
    const ms = async (part: string): Promise<number> => 1000 * (await grown(before, 'credence_proxy_seconds_sum', { part })())
    expect(await ms('provider')).toBeGreaterThanOrEqual(heldMs - 1)
    expect(await ms('credence')).toBeLessThanOrEqual(performance.now() - began - heldMs)
  })

  test('[C-6] tell who was denied by the reason, and not whom', async () => {
    const id = credentialOf(journey, 'freshdesk')
    const before = await look()
    await journey.ann.credentials.disable(id)
    expect(await call(id, '/v2/tickets')).toBe(409)
    expect(await call(id, '/v2/tickets', 'crd_nobody')).toBe(401)
    expect(await call(credentialOf(journey, 'bearer'), '/https://elsewhere.example/x/../../..')).toBeGreaterThanOrEqual(200)
    expect(await grown(before, 'credence_denied_total', { reason: 'CREDENTIAL_DISABLED', service: 'vault' })()).toBe(1)
    expect(await grown(before, 'credence_denied_total', { reason: 'UNAUTHENTICATED', service: 'vault' })()).toBe(1)
    expect(await grown(before, 'credence_proxy_calls_total', { outcome: 'CREDENTIAL_DISABLED' })()).toBe(1)
  })

  test('[C-6] tell a refresh ahead of expiry: how late, how long, and what its answer means', async () => {
    await expect.poll(grown(first, 'credence_refreshes_total', { class: 'REFRESHED' }), within).toBeGreaterThan(0)
    expect(await grown(first, 'credence_refresh_lag_seconds_count')()).toBeGreaterThan(0)
    expect(await grown(first, 'credence_refresh_seconds_count', { service: 'vault' })()).toBeGreaterThan(0)
    expect(await grown(first, 'credence_refresh_requests_total', { cause: 'schedule', outcome: 'ok' })()).toBeGreaterThan(0)
    // The job of a refresh goes when that is done, and the next comes when the fact of it was heard.
    await expect.poll(async () => (await look()).sum('credence_refresh_queue_jobs'), within).toBeGreaterThan(0)
    const now = await look()
    expect(now.sum('credence_refreshes_in_doubt')).toBe(0)
    for (const { name } of now.samples.filter((sample) => /oldest_/.test(sample.name) && sample.value > 20))
      expect(name).toBe('none is old')
  }, 90_000)

  test('[C-6] tell facts that were published and handled; nothing is left behind', async () => {
    await expect.poll(grown(first, 'credence_events_published_total', { type: 'credential.connected' }), within).toBe(3)
    await expect
      .poll(grown(first, 'credence_events_delivered_total', { subscriber: 'token-refresher', outcome: 'handled' }), within)
      .toBeGreaterThan(2)
    await expect.poll(async () => (await look()).sum('credence_outbox_facts'), within).toBe(0)
  }, 90_000)

  test('[C-6] [S2-9] a grant that was revoked at the provider shows in the class of its refresh', async () => {
    const id = credentialOf(journey, 'acme')
    const before = await look()
    journey.world.acme.revokeGrants('ann')
    await call(id, '/contacts')
    await expect
      .poll(() => journey.events.some(({ type, subject }) => type.endsWith('credential.expired') && subject === id), within)
      .toBe(true)
    const ended = async (): Promise<number> =>
      (await grown(before, 'credence_refreshes_total', { class: 'SUSPECT' })()) +
      (await grown(before, 'credence_refreshes_total', { class: 'PERMANENT' })())
    await expect.poll(ended, within).toBeGreaterThan(0)
    expect(await grown(before, 'credence_provider_errors_total', { via: 'token', class: 'refused' })()).toBeGreaterThan(0)
    expect(await call(id, '/contacts')).toBe(409)
    expect(await grown(before, 'credence_denied_total', { reason: 'CREDENTIAL_EXPIRED' })()).toBe(1)
  }, 90_000)
})

describe('what is looked at', () => {
  const alerts = readFileSync(`${DEPLOY}alerts.yaml`, 'utf8')
  const dashboard = readFileSync(`${DEPLOY}dashboard.json`, 'utf8')
  const rows: Readonly<Record<string, MetricRow>> = METRICS
  const named = (text: string): Set<string> =>
    new Set((text.match(/\bcredence_\w+/g) ?? []).map((name) => (name in rows ? name : name.replace(/_(?:bucket|sum|count)$/, ''))))

  test.each(['alerts.yaml', 'dashboard.json'])('[C-6] every metric in %s is told by a platform that has worked', async (file) => {
    const { names } = await look()
    const wanted = named(file === 'alerts.yaml' ? alerts : dashboard)
    expect(wanted.size).toBeGreaterThan(20)
    expect([...wanted].filter((name) => !names.has(name))).toEqual([])
  })

  test('[C-6] every metric of the table is told, by no other services than it says, and somebody looks at it', async () => {
    const { names, samples } = await look()
    const looked = named(alerts + dashboard)
    expect([...names].filter((name) => !(name in rows))).toEqual([])
    expect(Object.keys(rows).filter((name) => !names.has(name) || !looked.has(name))).toEqual([])
    for (const { name, labels } of samples) {
      const row = rows[name] ?? rows[name.replace(/_(?:bucket|sum|count)$/, '')]
      expect([name, row?.by.includes(labels.service ?? '')]).toEqual([name, true])
    }
  })

  test('[C-6] labels that alerts and panels choose by are labels of that metric, with values that it can have', () => {
    const selectors = [...(alerts + dashboard.replaceAll('\\"', '"')).matchAll(/\b(credence_\w+)\{([^}]*)\}/g)]
    expect(selectors.length).toBeGreaterThan(10)
    for (const [, metric = '', selector = ''] of selectors) {
      const row = rows[metric] ?? rows[metric.replace(/_(?:bucket|sum|count)$/, '')]
      for (const [, label = '', operator = '', text = ''] of selector.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)) {
        const values = label === 'service' ? row?.by : row?.labels[label]
        expect([metric, label, values !== undefined]).toEqual([metric, label, true])
        const closed = values === undefined || 'most' in values ? undefined : values
        for (const value of operator.includes('~') ? text.split('|') : [text])
          expect([metric, value, closed?.includes(value) ?? true]).toEqual([metric, value, true])
      }
    }
  })

  test('[C-6] every alert says what is and what to do', () => {
    const each = alerts.split(/^ {6}- alert: /m).slice(1)
    expect(each.length).toBeGreaterThan(20)
    expect(new Set(each.map((alert) => alert.split('\n')[0])).size).toBe(each.length)
    for (const alert of each) {
      expect(alert).toMatch(/^ {10}summary: .{10,}$/m)
      expect(alert).toMatch(/^ {10}action: .{20,}$/m)
      expect(alert).toMatch(/severity: (?:page|ticket)\b/)
    }
  })

  test('the table of the README is the table of the code', () => {
    const readme = readFileSync(`${DEPLOY}README.md`, 'utf8')
    expect(readme).toContain(metricTable())
  })
})

test('[S2-19] no figure holds a secret, an id, a name of the caller or a host: neither scraped nor pushed', async () => {
  const { text, samples } = await look()
  for (const { name, labels } of samples) {
    for (const [label, value] of Object.entries(labels)) {
      if (label === 'le') continue
      expect([name, label, value]).toEqual([name, label, expect.stringMatching(/^[\w./-]{1,80}$/)])
      expect(value).not.toMatch(/(?:cred|proj|usr|key|prov|sess|ocl|evt|cand|csmr)_[0-9A-Za-z]{10}|example|localhost|\d{4}/)
    }
    if (labels.method !== undefined) expect([...ALLOW.keys()]).toContain(`/${labels.method}`)
  }
  await journey.platform.process.stop()
  const pushed = sink.bodies.filter((body) => body.includes('"resourceMetrics"'))
  expect(pushed.join('')).toContain('credence_proxy_calls_total')
  const tokens = [...journey.world.asana.tokens(), ...journey.world.acme.tokens()]
  const secrets = {
    ...SECRETS,
    admin_key: journey.platform.key ?? '',
    acme_client: journey.world.acme.client.clientSecret,
    ...Object.fromEntries(tokens.map((token, index) => [`token_${index}`, token])),
  }
  expect(await searchForCanaries({ folders: [], texts: { text, pushed: pushed.join('\n') }, secrets })).toEqual([])
  for (const id of journey.credentials.values()) expect(pushed.join('\n')).not.toContain(id)
})
