import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { METRICS, type MetricRow, type ProcessMetrics, startMetrics } from './metrics.ts'

let monotonicMs = 0
const clock = { now: () => 1_000_000, monotonicMs: () => monotonicMs }
const started: ProcessMetrics[] = []
function start(endpoint?: string): ProcessMetrics {
  const metrics = startMetrics({ serviceName: 'vault', clock, endpoint })
  started.push(metrics)
  return metrics
}
afterEach(async () => {
  for (const metrics of started.splice(0)) await metrics.shutdown()
})

/** Lines of one metric without the others. */
async function lines(metrics: ProcessMetrics, name: string): Promise<string[]> {
  return (await metrics.text()).split('\n').filter((line) => line.startsWith(name))
}

describe('the table', () => {
  const rows = Object.entries<MetricRow>(METRICS)

  test.each(rows)('%s has the name and the labels that Prometheus expects', (name, { kind, labels, help, buckets, by }) => {
    expect(name).toMatch(/^credence_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(kind === 'counter')
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/)
    expect(buckets !== undefined).toBe(kind === 'histogram')
    expect([...(buckets ?? [])]).toEqual([...(buckets ?? [])].sort((a, b) => a - b))
    expect(help).toMatch(/^[A-Z].*\.$/)
    expect(by.length).toBeGreaterThan(0)
    for (const [label, values] of Object.entries(labels)) {
      expect(['service', 'le']).not.toContain(label)
      if (!('most' in values)) expect(new Set(values).size).toBe(values.length)
    }
  })

  test('no metric can have more than a few hundred series in a service', () => {
    for (const [name, { labels }] of rows) {
      const sizes = Object.values(labels).map((values) => ('most' in values ? values.most : values.length) + 1)
      expect([name, sizes.reduce((product, size) => product * size, 1) <= 2_000]).toEqual([name, true])
    }
  })
})

describe('the figures of a service', () => {
  test('are told under its name, two services of a process apart', async () => {
    const metrics = start()
    metrics.of('vault').count('credence_denied_total', { reason: 'CREDENTIAL_DISABLED' })
    metrics.of('vault').count('credence_denied_total', { reason: 'CREDENTIAL_DISABLED' })
    metrics.of('gateway').count('credence_sessions_total', { state: 'started' })
    const text = await metrics.text()
    expect(text).toContain('\ncredence_denied_total{service="vault",reason="CREDENTIAL_DISABLED"} 2\n')
    expect(text).toContain('\ncredence_sessions_total{service="gateway",state="started"} 1\n')
    expect(text).toContain('# TYPE credence_denied_total counter')
  })

  test('a value that the table does not have is counted as other, whatever was in it', async () => {
    const metrics = start()
    metrics.of('vault').count('credence_denied_total', { reason: 'cred_0123456789' })
    const found = await lines(metrics, 'credence_denied_total{service="vault",reason="other"}')
    expect(found).toEqual(['credence_denied_total{service="vault",reason="other"} 1'])
    expect(await metrics.text()).not.toContain('cred_0123456789')
  })

  test('names that others close are as many as the table says, and no more', async () => {
    const metrics = start()
    for (let i = 0; i < 100; i++) metrics.of('vault').count('credence_events_published_total', { type: `t${i}` })
    const found = await lines(metrics, 'credence_events_published_total{')
    expect(found).toHaveLength(65)
    expect(found.at(-1)).toBe('credence_events_published_total{service="vault",type="other"} 36')
  })

  test('a counter with few values is there before the first event, so that its increase is seen', async () => {
    const metrics = start()
    metrics.of('vault')
    expect(await lines(metrics, 'credence_audit_failures_total')).toEqual(['credence_audit_failures_total{service="vault"} 0'])
    expect(await lines(metrics, 'credence_sessions_total')).toEqual([])
  })

  test('a duration falls into its bucket', async () => {
    const metrics = start()
    const watch = metrics.of('token-refresher').stopwatch()
    monotonicMs += 4_000
    metrics.of('token-refresher').record('credence_refresh_lag_seconds', watch(), {})
    expect(await lines(metrics, 'credence_refresh_lag_seconds_sum')).toEqual([
      'credence_refresh_lag_seconds_sum{service="token-refresher"} 4',
    ])
    const buckets = await lines(metrics, 'credence_refresh_lag_seconds_bucket')
    expect(
      buckets
        .map((line) =>
          line
            .split(/le="|"} /)
            .slice(1)
            .join(' '),
        )
        .slice(0, 3),
    ).toEqual(['1 0', '5 1', '15 1'])
  })
})

describe('a gauge', () => {
  test('is read once a second at most, however many look', async () => {
    const metrics = start()
    let reads = 0
    metrics.of('vault').observe('credence_spills_open', async () => [{ value: ++reads }])
    await Promise.all([metrics.text(), metrics.text()])
    expect(await lines(metrics, 'credence_spills_open')).toEqual(['credence_spills_open{service="vault"} 1'])
    monotonicMs += 1_000
    expect(await lines(metrics, 'credence_spills_open')).toEqual(['credence_spills_open{service="vault"} 2'])
  })

  test('that cannot be read has no value, is counted, and hides no other', async () => {
    const metrics = start()
    metrics.of('vault').observe('credence_spills_open', () => Promise.reject(new TypeError('the store is away')))
    metrics.of('vault').observe('credence_outbox_facts', () => [{ value: 3 }])
    expect(await lines(metrics, 'credence_spills_open')).toEqual([])
    expect(await lines(metrics, 'credence_outbox_facts')).toEqual(['credence_outbox_facts{service="vault"} 3'])
    expect((await lines(metrics, 'credence_readings_failed_total')).filter((line) => !line.endsWith(' 0'))).toEqual([
      'credence_readings_failed_total{service="vault",gauge="credence_spills_open"} 1',
    ])
  })

  test('the process tells when it began, its memory, and how late its timers are', async () => {
    const text = await start().text()
    expect(text).toContain('credence_start_seconds{service="vault"} 1000\n')
    for (const name of ['credence_process_resident_bytes', 'credence_process_heap_bytes', 'credence_event_loop_lag_seconds']) {
      expect(Number(new RegExp(`^${name}{service="vault"} (.+)$`, 'm').exec(text)?.[1])).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('with a collector', () => {
  test('the last figures are pushed when the process stops', async () => {
    const bodies: [string, string][] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push([request.url ?? '', Buffer.concat(chunks).toString('utf8')])
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const metrics = start(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    metrics.of('vault').count('credence_denied_total', { reason: 'NOT_FOUND' })
    await metrics.shutdown()
    await new Promise((resolve) => server.close(resolve))
    expect(bodies.map(([path]) => path)).toEqual(['/v1/metrics'])
    expect(bodies[0]?.[1]).toContain('credence_denied_total')
    expect(bodies[0]?.[1]).toContain('"service.name"')
  })

  test('that is away a stop does not fail', async () => {
    await expect(start('http://127.0.0.1:9').shutdown()).resolves.toBeUndefined()
  })
})
