import { JetStreamApiCodes, JetStreamApiError, type StreamInfo } from '@nats-io/jetstream'
import { errors } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { asUnavailable, Link, type LinkOptions } from './link.ts'
import { namesOf, type StreamOptions } from './stream-config.ts'

export interface InspectOptions extends LinkOptions, Pick<StreamOptions, 'stream'> {
  /** The monitoring address (`http://host:8222`) of each server. Without one it cannot be known how they write to disk. */
  readonly monitoringUrls?: readonly string[]
}

/**
 * `OPEN_TO_ALL`: whoever reaches the server may publish under `credence.>`, and what is forged there reaches the event streams
 * of tenants. `AUTHORIZATION_UNKNOWN`: a stranger was kept out, but not by authorization.
 *
 * What can make JetStream lose facts that it acknowledged: `SYNC_NOT_ALWAYS`: written to disk only every few minutes.
 * `SYNC_UNKNOWN`: no monitoring address, or no answer from it. `MEMORY_STORAGE`. `FEW_REPLICAS`: fewer than three.
 * `STREAM_MISSING`: no service has made it yet.
 */
export type JetStreamRisk =
  | 'OPEN_TO_ALL'
  | 'AUTHORIZATION_UNKNOWN'
  | 'SYNC_NOT_ALWAYS'
  | 'SYNC_UNKNOWN'
  | 'MEMORY_STORAGE'
  | 'FEW_REPLICAS'
  | 'STREAM_MISSING'

export interface JetStreamCondition {
  /** Whether somebody without a name may publish under `credence.>`; undefined when that is not known. */
  readonly openToAll: boolean | undefined
  /** Undefined when it is not known of every server. */
  readonly syncAlways: boolean | undefined
  readonly storage: 'file' | 'memory' | undefined
  readonly replicas: number | undefined
  readonly risks: readonly JetStreamRisk[]
}

const SAFE_REPLICAS = 3
const MONITORING_MS = 3_000
const UNHEARD = 'credence.doctor'

/** Looks at the server and changes nothing. Throws UNAVAILABLE when it cannot be reached, INVALID_SETTING for an address that is none. */
export async function inspectJetStream(options: InspectOptions): Promise<JetStreamCondition> {
  const link = await Link.open(options)
  try {
    const stream = await streamInfo(link, namesOf(options).stream)
    const answers = await Promise.all((options.monitoringUrls ?? []).map(syncsAlways))
    return condition(stream, { answers, openToAll: await strangerMayPublish(options) })
  } finally {
    await link.close()
  }
}

interface Answers {
  readonly answers: readonly (boolean | undefined)[]
  readonly openToAll: boolean | undefined
}

function condition(stream: StreamInfo | undefined, { answers, openToAll }: Answers): JetStreamCondition {
  const unknown = answers.length === 0 || answers.includes(undefined)
  const syncAlways = answers.includes(false) ? false : unknown ? undefined : true
  const { storage, num_replicas: replicas } = stream?.config ?? {}
  const risks: JetStreamRisk[] = []
  if (openToAll === true) risks.push('OPEN_TO_ALL')
  if (openToAll === undefined) risks.push('AUTHORIZATION_UNKNOWN')
  if (syncAlways === false) risks.push('SYNC_NOT_ALWAYS')
  if (syncAlways === undefined) risks.push('SYNC_UNKNOWN')
  if (stream === undefined) risks.push('STREAM_MISSING')
  if (storage === 'memory') risks.push('MEMORY_STORAGE')
  if (replicas !== undefined && replicas < SAFE_REPLICAS) risks.push('FEW_REPLICAS')
  return { openToAll, syncAlways, storage, replicas, risks }
}

async function streamInfo(link: Link, name: string): Promise<StreamInfo | undefined> {
  try {
    return await link.ask(({ jsm }) => jsm.streams.info(name))
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined
    throw asUnavailable(error)
  }
}

/**
 * Connects without a name and tries. The subject is under the pattern that has to be guarded, but in no stream: what is said
 * there reaches nobody.
 */
async function strangerMayPublish({ servers, tls }: InspectOptions): Promise<boolean | undefined> {
  const hosts = servers.map((server) => new URL(server).host)
  const secure = servers.some((server) => server.startsWith('tls:'))
    ? { tls: { ...(tls?.caFile === undefined ? {} : { caFile: tls.caFile }) } }
    : {}
  try {
    const nc = await connect({ servers: hosts, name: 'credence-doctor', reconnect: false, timeout: MONITORING_MS, ...secure })
    try {
      const refused = isRefused(nc.status())
      nc.publish(UNHEARD)
      // A refusal comes before the answer to this.
      await nc.flush()
      await nc.close()
      return !(await refused)
    } finally {
      await nc.close()
    }
  } catch (error) {
    return error instanceof errors.AuthorizationError || error instanceof errors.UserAuthenticationExpiredError ? false : undefined
  }
}

async function isRefused(statuses: AsyncIterable<{ readonly type: string; readonly error?: Error }>): Promise<boolean> {
  let refused = false
  for await (const { type, error } of statuses) refused ||= type === 'error' && error instanceof errors.PermissionViolationError
  return refused
}

/** `/jsz` says `sync_always` where each write goes to disk before it is acknowledged; a server before 2.10 never does. */
async function syncsAlways(monitoringUrl: string): Promise<boolean | undefined> {
  try {
    const answer = await fetch(new URL('/jsz', monitoringUrl), { redirect: 'error', signal: AbortSignal.timeout(MONITORING_MS) })
    const body = (await answer.json()) as { readonly config?: { readonly sync_always?: unknown } }
    return body.config === undefined ? undefined : body.config.sync_always === true
  } catch {
    return undefined
  }
}
