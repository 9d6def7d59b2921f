import { isCoded } from '@credence/errors'
import type { inspectJetStream } from '@credence/events'
import type { Secret } from '@credence/secret'
import type { MongoCondition } from '@credence/store'
import type { Installation } from '../config.ts'
import { checkClock } from './check-clock.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

type JetStreamCondition = Awaited<ReturnType<typeof inspectJetStream>>

export interface EngineOptions {
  /** Of each NATS server, `http://host:8222`. */
  readonly natsMonitoring: readonly URL[]
  readonly now: () => number
}

const ANSWER_MS = 3_000
/** By name, because no library knows a service. */
const REFRESHER: string = '@credence/token-refresher/main'

interface RefresherMain {
  checkRedis(url: string): Promise<readonly { readonly severity: 'error' | 'warning'; readonly detail: string }[]>
  redisTime(url: string): Promise<number | undefined>
}

/** The engines whose addresses are known here: whether they answer, what makes them lose data, and their clocks. */
export async function checkEngines(installation: Installation, options: EngineOptions): Promise<Finding[]> {
  const { storeUrl, natsUrl, natsCreds, redisUrl } = installation
  const all = await Promise.all([
    storeUrl === undefined ? [] : checkMongo(textOf(storeUrl), options),
    natsUrl === undefined ? [] : checkNats({ servers: textOf(natsUrl).split(','), natsCreds }, options),
    redisUrl === undefined ? [] : checkRedis(textOf(redisUrl), options),
  ])
  return all.flat()
}

async function checkMongo(url: string, { now }: EngineOptions): Promise<Finding[]> {
  const { inspectMongo } = await import('@credence/store')
  return found('MongoDB', 'CREDENCE_STORE_URL', async () => {
    const asked = now()
    const condition = await inspectMongo({ url })
    return [...mongoFindings(condition), checkClock('MongoDB clock', { asked, answered: now(), there: condition.now })]
  })
}

export function mongoFindings({ standsAlone }: Pick<MongoCondition, 'standsAlone'>): Finding[] {
  if (!standsAlone) return [ok('MongoDB', 'answers, with replicas')]
  return [warning('MongoDB', 'It stands alone: a disk that is lost takes everything along. Make it a replica set of three.')]
}

async function checkNats(
  { servers, natsCreds }: { readonly servers: readonly string[]; readonly natsCreds: string | undefined },
  { natsMonitoring, now }: EngineOptions,
): Promise<Finding[]> {
  const [events, { createLogger, systemClock: clock, systemRandom: random }] = await Promise.all([
    import('@credence/events'),
    import('@credence/service'),
  ])
  const log = createLogger({ service: 'doctor', level: 'silent' })
  const credentials = natsCreds === undefined ? {} : { credsFile: natsCreds }
  const findings = await found('JetStream', 'CREDENCE_NATS_URL', async () =>
    jetStreamFindings(
      await events.inspectJetStream({ servers, ...credentials, monitoringUrls: natsMonitoring.map(String), clock, random, log }),
    ),
  )
  const clocks = await Promise.all(natsMonitoring.map((url) => checkNatsClock(url, now)))
  return [
    ...findings,
    ...(clocks.length > 0 ? clocks : [warning('NATS clock', 'Not known: name the monitoring address with --nats-monitoring.')]),
  ]
}

const RISKS: Readonly<Record<JetStreamCondition['risks'][number], string>> = {
  OPEN_TO_ALL:
    'Anybody who reaches it may publish under credence.>, and forged facts reach the event streams of tenants: give each service a user, as deploy/compose/nats.conf does.',
  AUTHORIZATION_UNKNOWN: 'Whether a stranger may publish under credence.> is not known: he was kept out, but not by authorization.',
  SYNC_NOT_ALWAYS: 'It acknowledges facts before they are on disk: set `sync_interval: always` in its jetstream block.',
  SYNC_UNKNOWN: 'Whether it writes facts to disk at once is not known: name the monitoring address of each server with --nats-monitoring.',
  MEMORY_STORAGE: 'Its stream is in memory: a restart loses all facts on it. Remove the stream; services make it anew on disk.',
  FEW_REPLICAS: 'Its stream has fewer than three copies: a server that is lost takes facts along. Set CREDENCE_NATS_REPLICAS to 3.',
  STREAM_MISSING: 'There is no stream yet: the first service that starts makes it.',
}

export function jetStreamFindings({ risks }: Pick<JetStreamCondition, 'risks'>): Finding[] {
  return risks.length === 0 ? [ok('JetStream', 'answers, on disk, with replicas')] : risks.map((risk) => warning('JetStream', RISKS[risk]))
}

/** JetStream itself does not tell its time. */
async function checkNatsClock(url: URL, now: () => number): Promise<Finding> {
  const asked = now()
  const there = await fetch(new URL('/varz', url), { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) })
    .then((answer) => answer.json() as Promise<{ readonly now?: unknown }>)
    .then(({ now: told }) => Date.parse(String(told)))
    .catch(() => undefined)
  return checkClock('NATS clock', { asked, answered: now(), there })
}

async function checkRedis(url: string, { now }: EngineOptions): Promise<Finding[]> {
  const refresher = (await import(REFRESHER)) as RefresherMain
  const risks = await refresher.checkRedis(url)
  const findings = risks.map(({ severity, detail }) => (severity === 'error' ? failed : warning)('Redis', detail))
  if (findings.some(({ state }) => state === 'failed')) return findings
  const asked = now()
  const there = await refresher.redisTime(url)
  const well = findings.length === 0 ? [ok('Redis', 'answers, keeps its jobs')] : findings
  return [...well, checkClock('Redis clock', { asked, answered: now(), there })]
}

/** What an inspection says, or why there was none; the address, which may hold a password, is not told. */
async function found(check: string, variable: string, inspect: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await inspect()
  } catch (error) {
    if (isCoded(error, 'INVALID_SETTING') || error instanceof TypeError) return [failed(check, `It cannot be used: correct ${variable}.`)]
    const why = isCoded(error) ? `${error.code} ${error.message}` : 'INTERNAL'
    return [failed(check, `It cannot be used: ${why}`)]
  }
}

/** The drivers take addresses with their passwords as text. */
function textOf(secret: Secret): string {
  return Buffer.from(secret.reveal()).toString('utf8')
}
