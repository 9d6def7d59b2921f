import { type Meter, type Observable, ROOT_CONTEXT } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import type { Clock } from './clock.ts'
import { combinations, type Folding, foldingOf, type Labels } from './metric-labels.ts'
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
  type MetricRow,
} from './metric-table.ts'
import { observeProcess } from './process-metrics.ts'
import { remember } from './remember.ts'
import { within } from './within.ts'

export { DENIALS, METRICS, type MetricRow, metricTable } from './metric-table.ts'

/** One value of a gauge with its labels. */
export type Reading<N extends MetricName> = { readonly value: number } & LabelsOf<N>

/**
 * The figures of one service. What can be said is closed by the table (`metric-table.ts`): a name or a label that is not there
 * does not compile, a label's value that is not there is counted as `other`.
 */
export interface Metrics {
  /** One more. */
  count<N extends CounterName>(name: N, labels: LabelsOf<N>): void
  /** A duration in seconds. */
  record<N extends HistogramName>(name: N, seconds: number, labels: LabelsOf<N>): void
  /**
   * Has `read` asked when somebody looks, once a second at most, however many look. A gauge whose reading fails or takes longer
   * than two seconds has no value; it is never the one of before.
   */
  observe<N extends GaugeName>(name: N, read: () => Promise<readonly Reading<N>[]> | readonly Reading<N>[]): void
  /** Starts a stopwatch, which gives seconds. */
  stopwatch(): () => number
}

/** What a process tells of itself. Services that share one have their own `Metrics` each, told apart by the label `service`. */
export interface ProcessMetrics {
  of(service: string): Metrics
  /** All figures in the text format of Prometheus. */
  text(): Promise<string>
  /** Sends the last figures and stops. */
  shutdown(): Promise<void>
}

export interface MetricsOptions {
  /** Of the process: a service, or `platform` where several share it. */
  readonly serviceName: string
  /** OTEL_EXPORTER_OTLP_ENDPOINT without a path: figures are pushed to `{endpoint}/v1/metrics` as OTLP over HTTP with JSON. */
  readonly endpoint?: string | undefined
  readonly clock: Pick<Clock, 'monotonicMs' | 'now'>
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const READ_TIMEOUT_MS = 2_000
const FRESH_MS = 1_000
const PUSH_EVERY_MS = 10_000
/** A collector that is away must not hold up a stop. */
const PUSH_TIMEOUT_MS = 2_000

/** Starts the figures of this process; nothing listens here, see `ProcessMetrics.text`. */
export function startMetrics(options: MetricsOptions): ProcessMetrics {
  const { serviceName, endpoint, clock } = options
  // Read when it is asked; the server that it could start is not.
  const reader = new PrometheusExporter({ preventServerStart: true })
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.namespace': 'credence' }),
    readers: [reader, ...(endpoint === undefined ? [] : [pushTo(endpoint)])],
  })
  const instruments = makeInstruments(provider.getMeter('credence'))
  const serializer = new PrometheusSerializer('', false, undefined, true, true)
  const services = new Map<string, Metrics>()
  const of = (service: string): Metrics => {
    const known = services.get(service) ?? metricsOf(service, { instruments, clock })
    services.set(service, known)
    return known
  }
  observeProcess(of(serviceName))
  return {
    of,
    async text() {
      const { resourceMetrics } = await reader.collect({ timeoutMillis: 2 * READ_TIMEOUT_MS })
      return `${serializer.serialize(resourceMetrics).trimEnd()}\n`
    },
    shutdown: () => provider.shutdown().catch(() => undefined),
  }
}

/** Sums are kept here, a map's look-up each: OpenTelemetry's own counter sorts and prints the labels at every call. */
function sumsOf(counter: Observable): Instrument['add'] {
  const sums = new Map<string, { readonly labels: Labels; value: number }>()
  counter.addCallback((result) => {
    for (const { labels, value } of sums.values()) result.observe(value, labels)
  })
  return (value, labels) => {
    const key = Object.values(labels).join(' ')
    const sum = sums.get(key)
    if (sum === undefined) sums.set(key, { labels, value })
    else sum.value += value
  }
}

/** For whoever has nobody to tell: figures that are never looked at. */
export const unmeasured: Metrics = {
  count: () => undefined,
  record: () => undefined,
  observe: () => undefined,
  stopwatch: () => () => 0,
}

function pushTo(endpoint: string): PeriodicExportingMetricReader {
  const exporter = new OTLPMetricExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/metrics`, timeoutMillis: PUSH_TIMEOUT_MS })
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: PUSH_EVERY_MS, exportTimeoutMillis: PUSH_TIMEOUT_MS })
}

/** An instrument of OpenTelemetry behind its row, with the values of its labels as sets. */
interface Instrument {
  readonly row: MetricRow
  readonly labels: Folding
  readonly add: (value: number, labels: Labels) => void
  readonly observe: (read: () => Promise<readonly { value: number; labels: Labels }[]>) => void
}

function makeInstruments(meter: Meter): ReadonlyMap<string, Instrument> {
  return new Map(Object.entries<MetricRow>(METRICS).map(([name, row]) => [name, makeInstrument(meter, name, { row })]))
}

function makeInstrument(meter: Meter, name: string, { row }: { readonly row: MetricRow }): Instrument {
  const labels = foldingOf(row)
  const options = { description: row.help }
  const never = (): never => {
    throw new TypeError(`${name} is a ${row.kind}`)
  }
  if (row.kind === 'gauge') {
    const gauge = meter.createObservableGauge(name, options)
    const observe: Instrument['observe'] = (read) =>
      gauge.addCallback(async (result) => {
        for (const { value, labels: given } of await read()) result.observe(value, given)
      })
    return { row, labels, add: never, observe }
  }
  if (row.kind === 'counter') {
    return { row, labels, observe: never, add: sumsOf(meter.createObservableCounter(name, options)) }
  }
  const advice = { explicitBucketBoundaries: [...(row.buckets ?? [])] }
  const histogram = meter.createHistogram(name, { ...options, advice })
  return { row, labels, observe: never, add: (value, given) => histogram.record(value, given, ROOT_CONTEXT) }
}

function metricsOf(
  service: string,
  { instruments, clock }: { readonly instruments: ReadonlyMap<string, Instrument>; readonly clock: MetricsOptions['clock'] },
): Metrics {
  const instrument = (name: MetricName): Instrument => instruments.get(name)!
  const add = (name: MetricName, value: number, labels: Labels): void => {
    const { add: to, labels: fold } = instrument(name)
    to(value, fold(labels, service))
  }
  const metrics: Metrics = {
    count(name, labels) {
      add(name, 1, labels)
    },
    record: add,
    observe(name, read) {
      const { labels: fold, observe } = instrument(name)
      const tried = async (): Promise<readonly { value: number; labels: Labels }[]> => {
        const readings = await within(READ_TIMEOUT_MS, (async () => read())())
        return readings.map(({ value, ...labels }) => ({ value, labels: fold(labels as Labels, service) }))
      }
      const failed = (): [] => {
        metrics.count('credence_readings_failed_total', { gauge: name })
        return []
      }
      observe(remember(() => tried().catch(failed), { clock, freshMs: FRESH_MS }))
    },
    stopwatch() {
      const started = clock.monotonicMs()
      return () => (clock.monotonicMs() - started) / 1000
    },
  }
  const start = clock.now() / 1000
  metrics.observe('credence_start_seconds', () => [{ value: start }])
  // `increase` over a counter that appears with its first event does not see that event: it is there before, at 0.
  for (const [name, { row }] of instruments) {
    if (row.kind !== 'counter' || !row.by.includes(service)) continue
    for (const labels of combinations(row.labels)) add(name as MetricName, 0, labels)
  }
  return metrics
}
