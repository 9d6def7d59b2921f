import { tempHome } from '@credence/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, credentialOf, type LocalJourney, registerProviders, USER } from '../support/journey.ts'
import { type ObservedJourney, startObserved } from '../support/observed-journey.ts'
import type { OtlpSink, ReceivedSpan } from '../support/otlp-sink.ts'

const home = tempHome()
let observed: ObservedJourney
let sink: OtlpSink
let journey: LocalJourney

beforeAll(async () => {
  observed = await startObserved(home.path)
  ;({ sink, journey } = observed)
  await registerProviders(journey)
  await connect(journey, 'acme')
}, 120_000)
afterAll(async () => {
  await observed.stop()
  home.remove()
})

/** Each service sends its spans when it likes: the trace is there when nobody's parent is missing. */
const isWhole = (spans: readonly ReceivedSpan[]): boolean =>
  spans.every(({ parentSpanId }) => parentSpanId === '00f067aa0ba902b7' || spans.some(({ spanId }) => spanId === parentSpanId))

const inTrace = async (traceId: string, complete: (spans: readonly ReceivedSpan[]) => boolean): Promise<ReceivedSpan[]> => {
  const spans = (): ReceivedSpan[] => sink.spans().filter((span) => span.traceId === traceId)
  await expect.poll(() => complete(spans()), { timeout: 20_000, interval: 50 }).toBe(true)
  return spans()
}

test('[S2-19] a proxied call is one trace from the caller to the provider, with ids for attributes and nothing else', async () => {
  const traceId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90'
  const id = credentialOf(journey, 'acme')
  const response = await fetch(`${journey.platform.data}/v1/proxy/${id}/contacts`, {
    headers: { authorization: `Bearer ${journey.platform.key}`, 'credence-user': USER, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  })
  expect(response.status).toBe(200)
  const spans = await inTrace(traceId, (all) => all.some((span) => span.name === 'vault.send') && all.some((span) => span.name === 'proxy'))
  const proxy = spans.find((span) => span.name === 'proxy')
  const send = spans.find((span) => span.name === 'vault.send')
  expect(proxy).toMatchObject({ service: 'vault', parentSpanId: '00f067aa0ba902b7' })
  expect(send?.parentSpanId).toBe(proxy?.spanId)
  expect(send?.attributes).toMatchObject({ credential_id: id, method: 'GET' })
  // The provider learns nothing of our traces.
  expect(journey.world.apis.acme.requests.at(-1)?.headers.traceparent).toBeUndefined()
})

test('a change through the API is one trace over gateway, registry and vault', async () => {
  const traceId = 'b1b2c3d4e5f60718293a4b5c6d7e8f91'
  const response = await fetch(`${journey.platform.admin}/v1/credentials/${credentialOf(journey, 'acme')}/disable`, {
    method: 'POST',
    headers: { authorization: `Bearer ${journey.platform.key}`, 'credence-user': USER, traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
  })
  expect(response.status).toBe(200)
  const spans = await inTrace(
    traceId,
    (all) => ['gateway', 'registry', 'vault'].every((service) => all.some((span) => span.service === service)) && isWhole(all),
  )
  expect(spans.filter((span) => span.parentSpanId === '00f067aa0ba902b7')).toHaveLength(1)
})
