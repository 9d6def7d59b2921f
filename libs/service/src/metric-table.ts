import { ERRORS } from '@credence/errors'

/** The values that a label may have; any other is counted as `other`. */
export type LabelValues =
  | readonly string[]
  /** Closed by who gives them (the proto files, names in our code), and so many at most. */
  | { readonly most: number }

export interface MetricRow {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  /** The services that tell it. */
  readonly by: readonly string[]
  readonly help: string
  /** Beside `service`, which every metric has. */
  readonly labels: Readonly<Record<string, LabelValues>>
  /** Upper ends of a histogram's buckets. */
  readonly buckets?: readonly number[]
}

/** The names of the labels of each metric, beside `service`. */
interface Counters {
  credence_proxy_calls_total: 'outcome'
  credence_denied_total: 'reason'
  credence_provider_errors_total: 'via' | 'class'
  credence_audit_failures_total: never
  credence_refresh_requests_total: 'cause' | 'outcome'
  credence_refreshes_total: 'class'
  credence_events_published_total: 'type'
  credence_events_delivered_total: 'subscriber' | 'outcome'
  credence_events_redelivered_total: 'subscriber'
  credence_events_dead_lettered_total: 'subscriber' | 'reason'
  credence_rpc_calls_total: 'method' | 'code'
  credence_sessions_total: 'state'
  credence_verifications_total: 'verdict'
  credence_readings_failed_total: 'gauge'
}

interface Histograms {
  credence_proxy_seconds: 'part'
  credence_refresh_seconds: never
  credence_refresh_lag_seconds: never
  credence_rpc_seconds: 'method'
}

interface Gauges {
  credence_spills_open: never
  credence_refreshes_due: never
  credence_refresh_oldest_due_seconds: never
  credence_refreshes_in_doubt: never
  credence_refresh_oldest_doubt_seconds: never
  credence_refresh_queue_jobs: 'state'
  credence_refresh_endpoints: 'state'
  credence_outbox_facts: never
  credence_outbox_oldest_seconds: never
  credence_start_seconds: never
  credence_process_resident_bytes: never
  credence_process_heap_bytes: never
  credence_event_loop_lag_seconds: never
}

export type CounterName = keyof Counters
export type HistogramName = keyof Histograms
export type GaugeName = keyof Gauges
export type MetricName = CounterName | HistogramName | GaugeName
export type LabelsOf<N extends MetricName> = Readonly<Record<(Counters & Histograms & Gauges)[N], string>>

interface RowOf<K extends MetricRow['kind'], L extends string> extends MetricRow {
  readonly kind: K
  readonly labels: Readonly<Record<L, LabelValues>>
}
type Rows<K extends MetricRow['kind'], T extends Record<keyof T, string>> = { readonly [N in keyof T]: RowOf<K, T[N]> }

const CODES = Object.keys(ERRORS)
/** Refusals by a rule of ours about one credential; a surge of them is somebody's bug, or somebody's search. */
export const DENIALS: readonly string[] = CODES.filter((code) =>
  /^(?:UNAUTHENTICATED|USER_REQUIRED|SCOPE_REQUIRED|NOT_FOUND|CREDENTIAL_\w+)$/.test(code),
).concat(['PROXY_DISABLED', 'HOST_REFUSED', 'ADDRESS_REFUSED', 'PATH_REFUSED', 'METHOD_REFUSED'])
const STATUSES = [...new Set(Object.values(ERRORS).map(({ grpc }) => grpc)), 'OK', 'CANCELLED']
const METHODS = { most: 128 }
/** The durable names under which services subscribe. */
const SUBSCRIBERS = ['token-refresher', 'verifier']

const GAUGES: readonly GaugeName[] = [
  'credence_spills_open',
  'credence_refreshes_due',
  'credence_refresh_oldest_due_seconds',
  'credence_refreshes_in_doubt',
  'credence_refresh_oldest_doubt_seconds',
  'credence_refresh_queue_jobs',
  'credence_refresh_endpoints',
  'credence_outbox_facts',
  'credence_outbox_oldest_seconds',
  'credence_start_seconds',
  'credence_process_resident_bytes',
  'credence_process_heap_bytes',
  'credence_event_loop_lag_seconds',
]

/** A proxied call: below a millisecond of our own up to a provider that takes its minute. */
const CALL_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]
const RPC_BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60]
const LAG_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 900, 3600]

/** Each service, and `platform` where they share a process. */
const SERVICES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway']
const PROCESSES = [...SERVICES, 'platform']
const vault = { by: ['vault'] }
const refresher = { by: ['token-refresher'] }
const every = { by: SERVICES }
const bus = { by: PROCESSES }

type Told = Pick<MetricRow, 'by'>
const counter = <L extends string>(at: Told, labels: Record<L, LabelValues>, help: string): RowOf<'counter', L> => ({
  kind: 'counter',
  labels,
  help,
  ...at,
})
const gauge = <L extends string>(at: Told, labels: Record<L, LabelValues>, help: string): RowOf<'gauge', L> => ({
  kind: 'gauge',
  labels,
  help,
  ...at,
})
const seconds = <L extends string>(
  at: Told & { buckets: readonly number[] },
  labels: Record<L, LabelValues>,
  help: string,
): RowOf<'histogram', L> => ({ kind: 'histogram', labels, help, ...at })

/**
 * Every metric, by the name under which it is scraped. Labels are words of ours and never ids, tenants, hosts or paths: their
 * number does not grow with what is stored or who calls.
 */
export const METRICS: Rows<'counter', Counters> & Rows<'histogram', Histograms> & Rows<'gauge', Gauges> = {
  credence_proxy_calls_total: counter(
    vault,
    { outcome: ['2xx', '3xx', '4xx', '5xx', ...CODES] },
    "Calls through the proxy: the class of the provider's status, or the code with which Credence ended the call.",
  ),
  credence_proxy_seconds: seconds(
    { ...vault, buckets: CALL_BUCKETS },
    { part: ['credence', 'provider', 'refresh'] },
    "Time of a proxied call until the answer's head: in Credence, at the provider (connecting included), in a refresh that a 401 caused.",
  ),
  credence_denied_total: counter(vault, { reason: DENIALS }, 'Uses of a credential that a rule refused.'),
  credence_provider_errors_total: counter(
    vault,
    {
      via: ['call', 'token', 'probe'],
      class: ['unreachable', 'timeout', 'unauthorized', 'throttled', 'server_error', 'unusable', 'refused'],
    },
    'Answers of providers that are failures, and answers that did not come.',
  ),
  credence_audit_failures_total: counter(vault, {}, 'Records that the audit log refused; nothing is decrypted without one.'),
  credence_spills_open: gauge(vault, {}, 'Answers of token endpoints on the disk of this vault that are not in the store yet.'),
  credence_refresh_requests_total: counter(
    vault,
    {
      cause: ['schedule', 'unauthorized', 'enable', 'operator'],
      outcome: ['ok', 'error', 'unreadable', 'lost', 'not_sent', 'grant_dead', 'failed', 'in_doubt', 'waiting'],
    },
    'Refreshes that took the lease, by how the token endpoint answered.',
  ),
  credence_refresh_seconds: seconds({ ...vault, buckets: CALL_BUCKETS }, {}, 'From the lease of a refresh until its answer is saved.'),
  credence_refreshes_total: counter(
    refresher,
    { class: ['REFRESHED', 'RACE_LOST', 'TRANSIENT', 'IN_DOUBT', 'THROTTLED', 'CONFIG', 'NEEDS_USER', 'PERMANENT', 'SUSPECT'] },
    'Refreshes by what their answer means for the credential.',
  ),
  credence_refresh_lag_seconds: seconds(
    { ...refresher, buckets: LAG_BUCKETS },
    {},
    'How late a refresh begins after the time that was planned.',
  ),
  credence_refreshes_due: gauge(refresher, {}, 'Plans that are due and not begun; 1000 stands for more, too.'),
  credence_refresh_oldest_due_seconds: gauge(refresher, {}, 'How long the plan that waits longest is due.'),
  credence_refreshes_in_doubt: gauge(refresher, {}, 'Credentials whose last refresh has an unknown outcome; 1000 stands for more, too.'),
  credence_refresh_oldest_doubt_seconds: gauge(refresher, {}, 'How long the oldest of them is in doubt.'),
  credence_refresh_queue_jobs: gauge(
    refresher,
    { state: ['delayed', 'ready', 'running'] },
    'Jobs of the refresh queue. Replicas that share a queue tell the same.',
  ),
  credence_refresh_endpoints: gauge(
    refresher,
    { state: ['open', 'half_open', 'waiting'] },
    'OAuth clients whose token endpoint this replica leaves alone: breaker open, trying one, or told to wait by Retry-After.',
  ),
  credence_outbox_facts: gauge(every, {}, 'Facts that wait in documents to be published; what 200 documents hold at most.'),
  credence_outbox_oldest_seconds: gauge(every, {}, 'How long the oldest of them waits.'),
  credence_events_published_total: counter(every, { type: { most: 64 } }, 'Facts that went from a document onto the bus.'),
  credence_events_delivered_total: counter(
    bus,
    { subscriber: SUBSCRIBERS, outcome: ['handled', 'failed'] },
    'Facts that were handed to a subscriber; a failed one is handed to it again.',
  ),
  credence_events_redelivered_total: counter(bus, { subscriber: SUBSCRIBERS }, 'Facts that came to a subscriber once more.'),
  credence_events_dead_lettered_total: counter(
    bus,
    { subscriber: SUBSCRIBERS, reason: ['MALFORMED', 'HANDLER_FAILED'] },
    'Facts that were put aside because they could not be handled.',
  ),
  credence_rpc_calls_total: counter(
    every,
    { method: METHODS, code: STATUSES },
    'Calls of gRPC methods that were served, by the status they ended with.',
  ),
  credence_rpc_seconds: seconds(
    { ...every, buckets: RPC_BUCKETS },
    { method: METHODS },
    'Time of a gRPC call at its server; of a stream, its whole life.',
  ),
  credence_sessions_total: counter(
    { by: ['gateway'] },
    { state: ['started', 'connected', 'failed', 'cancelled', 'timed_out'] },
    'Connect sessions that began, and how they ended.',
  ),
  credence_verifications_total: counter(
    { by: ['verifier'] },
    { verdict: ['ok', 'failed', 'undecided', 'no_probe'] },
    'Calls of the verifier, by what they say of the credential.',
  ),
  credence_readings_failed_total: counter(bus, { gauge: GAUGES }, 'Gauges that could not be read, and have no value now.'),
  credence_start_seconds: gauge({ by: PROCESSES }, {}, 'When the service began, seconds since 1970. A role without it is not running.'),
  credence_process_resident_bytes: gauge({ by: PROCESSES }, {}, 'Memory of the process.'),
  credence_process_heap_bytes: gauge({ by: PROCESSES }, {}, 'Of it, the JavaScript heap in use.'),
  credence_event_loop_lag_seconds: gauge(
    { by: PROCESSES },
    {},
    'How late timers of the process fire: the 99th percentile since the last reading.',
  ),
}

/** As a Markdown table, for the README. */
export function metricTable(): string {
  const rows = Object.entries<MetricRow>(METRICS).map(([name, { kind, by, labels, help }]) => {
    const names = Object.keys(labels).map((label) => `\`${label}\``)
    const who = by.length === SERVICES.length ? 'every service' : by.length > SERVICES.length ? 'every process' : by.join(', ')
    return `| \`${name}\` | ${kind} | ${names.join(', ')} | ${who} | ${help} |`
  })
  return ['| Metric | Kind | Labels | Of | What |', '|---|---|---|---|---|', ...rows].join('\n')
}
