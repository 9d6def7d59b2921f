import { setTimeout as pause } from 'node:timers/promises'
import { type Credence, CredenceError, createCredence } from '@credence/sdk'
import { type LedgerEntry, seededRandom, startMongodb, startNats, startRedis, tempHome } from '@credence/testkit'
import { type Cluster, startCluster } from '../../support/cluster.ts'
import { connect, type Journey, journeyOn, registerProviders, USER } from '../../support/journey.ts'
import { startWorld } from '../../support/world.ts'
import { judgeHistory, type Operation } from './judge-history.ts'
import type { Scenario, ScenarioOptions, ScenarioReport } from './scenario.ts'

/** So many credentials are worked on at a time; on each of them three lanes. */
const AT_ONCE = 5
const ROUNDS = 10
const REFRESHES = 4
const TOGGLES = 2
const SOON_MS = 60
const LATER_MS = 250
/** Uses, reads, refreshes, two toggles each way, the delete, and what is asked after it. */
const OPERATIONS = 2 * ROUNDS + REFRESHES + 2 * TOGGLES + 1 + 2

/** Two replicas of each service, each a process, asked by many at a time. */
export const histories: Scenario = {
  name: 'histories',
  title: 'what was done to a credential by many at a time is explained by an order: versions grow, deleted stays deleted',
  smoke: 5,
  full: 200,
  run,
}

/** One credential, and what is known of it outside. */
interface Subject {
  readonly id: string
  /** Of its grant at the authorization server. */
  readonly family: string
  readonly operations: Operation[]
}

interface Stage {
  readonly journey: Journey
  readonly callers: readonly Credence[]
  /** Access tokens that the API does not take any more. */
  readonly refused: Set<string>
  /** The next number of an operation, by which the API's requests are told apart. */
  count: number
}

async function run({ size, seed, note }: ScenarioOptions): Promise<ScenarioReport> {
  const home = tempHome()
  const [mongodb, nats, redis, world] = await Promise.all([startMongodb(), startNats(), startRedis(), startWorld()])
  let cluster: Cluster | undefined
  let journey: Journey | undefined
  try {
    cluster = await startCluster({ home: home.path, engines: { mongodb: mongodb.url, nats: nats.url, redis: redis.url }, env: world.env })
    journey = await journeyOn(cluster, { home: home.path, world })
    await registerProviders(journey)
    return await onCluster(stageOf(cluster, journey), { size, seed, note })
  } finally {
    await cluster?.stop()
    await journey?.person.leave()
    await world.close()
    await Promise.all([mongodb.stop(), nats.stop(), redis.stop()])
    home.remove()
  }
}

function stageOf(cluster: Cluster, journey: Journey): Stage {
  const refused = new Set<string>()
  const { apis, asana } = journey.world
  apis.asana.accept(async ({ token }) => token !== undefined && !refused.has(token) && (await asana.accountOf(token)) !== undefined)
  const callers = cluster
    .replicas('vault')
    .map(({ process }) => createCredence({ apiUrl: cluster.admin, proxyUrl: `http://${process.ready.data}`, key: cluster.key, user: USER }))
  return { journey, callers, refused, count: 0 }
}

async function onCluster(stage: Stage, { size, seed, note }: ScenarioOptions): Promise<ScenarioReport> {
  const random = seededRandom(seed)
  const all: Subject[] = []
  const faults: string[] = []
  while (all.length < size) {
    const batch: Subject[] = []
    while (batch.length < Math.min(AT_ONCE, size - all.length)) batch.push(await connected(stage))
    await Promise.all(batch.map((subject) => live(stage, subject, random)))
    all.push(...batch)
    if (all.length % 50 === 0) note(`${all.length} credentials`)
  }
  for (const { id, family, operations } of all) {
    faults.push(
      ...[...judgeHistory(operations), ...judgeGrant(stage.journey.world.asana.ledger(), family)].map((fault) => `${id}: ${fault}`),
    )
  }
  const operations = all.flatMap((subject) => subject.operations)
  const refreshed = all.reduce((sum, { family }) => sum + issuedTo(stage, family).length - 1, 0)
  const figures = { operations: operations.length, refreshed, 'secrets used': operations.filter(({ versions }) => versions).length }
  return { planned: size * OPERATIONS, injected: operations.length, faults, figures }
}

async function connected({ journey }: Stage): Promise<Subject> {
  const id = await connect(journey, 'asana')
  const issued = journey.world.asana.ledger().findLast((entry) => entry.issued !== undefined)
  if (issued?.family === undefined) throw new TypeError('nothing was issued')
  return { id, family: issued.family, operations: [] }
}

/** Three lanes beside each other, then the delete among uses, and what is asked after it. */
async function live(stage: Stage, subject: Subject, random: { fraction(): number }): Promise<void> {
  const { credentials } = stage.journey.ann
  const { id } = subject
  const soon = (): Promise<void> => pause(random.fraction() * SOON_MS)
  // Most of the time it is in use: refreshes and uses meet each other, and now and then a disable.
  const later = (): Promise<void> => pause((1 + random.fraction()) * LATER_MS)
  const asking = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      await use(stage, subject, 'use')
      await note(subject, 'read', () => credentials.get(id))
      await soon()
    }
  }
  const refreshing = async (): Promise<void> => {
    for (let refresh = 0; refresh < REFRESHES; refresh++) {
      stage.refused.add(issuedTo(stage, subject.family).at(-1) ?? '')
      await use(stage, subject, 'refresh')
      await soon()
    }
  }
  const toggling = async (): Promise<void> => {
    for (let toggle = 0; toggle < TOGGLES; toggle++) {
      await later()
      await note(subject, 'disable', () => credentials.disable(id))
      await soon()
      await note(subject, 'enable', () => credentials.enable(id))
    }
    await later()
    await note(subject, 'delete', () => credentials.delete(id))
  }
  await Promise.all([asking(), refreshing(), toggling()])
  await use(stage, subject, 'use')
  await note(subject, 'read', () => credentials.get(id))
}

/** A call at the next vault, whose secrets the API saw. */
async function use(stage: Stage, subject: Subject, kind: 'use' | 'refresh'): Promise<void> {
  const number = stage.count++
  const caller = stage.callers[number % stage.callers.length]!
  const versions = (): Operation['versions'] => {
    const seen = stage.journey.world.apis.asana.requests.filter(({ path }) => path.endsWith(`?op=${number}`))
    const issued = issuedTo(stage, subject.family)
    const used = seen.map(({ headers }) => issued.indexOf((headers.authorization ?? '').replace('Bearer ', '')))
    return used.length === 0 ? undefined : { first: used[0]!, last: used.at(-1)! }
  }
  await note(
    subject,
    kind,
    async () => {
      const response = await caller.fetch(subject.id, `/1.0/echo?op=${number}`)
      await response.arrayBuffer()
      return response.status
    },
    versions,
  )
}

async function note(
  { operations }: Subject,
  kind: Operation['kind'],
  work: () => Promise<unknown>,
  versions: () => Operation['versions'] = () => undefined,
): Promise<void> {
  const start = performance.now()
  const outcome = await work().then(
    (answer) => (typeof answer === 'number' && answer !== 200 ? String(answer) : 'ok'),
    (error: unknown) => (error instanceof CredenceError ? error.code : String(error)),
  )
  const end = performance.now()
  const seen = versions()
  operations.push({ kind, start, end, outcome, ...(seen === undefined ? {} : { versions: seen }) })
}

/** The access tokens of a grant, in the order of their issue. */
function issuedTo({ journey }: Stage, family: string): readonly string[] {
  return journey.world.asana.ledger().flatMap((entry) => (entry.family === family && entry.issued ? [entry.issued.accessToken] : []))
}

/** A strict server takes each refresh token once: a second time is a version that was sent twice. */
export function judgeGrant(ledger: readonly LedgerEntry[], family: string): readonly string[] {
  const own = ledger.filter((entry) => entry.family === family)
  const repeated = own.filter(({ presented }) => presented?.state === 'previous').length
  const revoked = own.filter(({ kind, revokedBy }) => kind === 'family_revoked' && revokedBy === 'reuse').length
  return [...(repeated === 0 ? [] : [`${repeated} refresh tokens were sent twice`]), ...(revoked === 0 ? [] : ['its family was revoked'])]
}
