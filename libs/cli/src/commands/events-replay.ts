import { CodedError, isCoded } from '@credence/errors'
import type { EventBus, replay } from '@credence/events'
import type { DocumentStore } from '@credence/store'
import type { Command } from 'commander'
import { type Act, type Cli, flag } from '../cli.ts'
import { databaseOf, type Installation, readInstallation } from '../config.ts'
import { SERVICES } from '../services.ts'

interface ReplayFlags {
  readonly from?: string
  readonly to?: string
  readonly types?: string
  readonly source?: string
  readonly publish?: boolean
}

type ReplayOptions = Parameters<typeof replay>[0]

const AFTER = `
For an operator of the distributed profile, with the environment of a service: CREDENCE_NATS_URL (CREDENCE_NATS_CREDS), and for a time
CREDENCE_STORE_URL, too. Without --publish it only counts. Facts come under their own ids: a consumer that keeps the last seq of each
subject, or ids, passes over what it has. Those of a time come from the event logs of the services, 30 days back; uses and denials are in
no log, but on the stream: a cursor finds them, too. Event streams of tenants show the facts again.`

/** `credence events replay`: puts facts back on the stream. */
export function addReplay(events: Command, act: Act): void {
  const command = events
    .command('replay')
    .description('put facts that have happened back on the stream, for consumers that lost what they had made of them')
    .addOption(flag('--from <place>', 'a cursor, or a time such as 2026-12-31T00:00:00Z').makeOptionMandatory())
    .addOption(flag('--to <time>', 'only what happened before'))
    .addOption(flag('--types <types>', 'types or prefixes such as `credential.`, with commas between'))
    .addOption(flag('--source <services>', `only facts of these: ${SERVICES.join(', ')}`))
    .addOption(flag('--publish', 'do it; without it the facts are only counted'))
    .addHelpText('after', AFTER)
  act<ReplayFlags>(command, async (cli, _, given) => {
    const stop = new AbortController()
    const onSignal = (): void => stop.abort()
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
    try {
      await run(cli, given, stop.signal)
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    }
  })
}

async function run(cli: Cli, given: ReplayFlags, signal: AbortSignal): Promise<void> {
  const installation = readInstallation()
  const { publish: publishes = false } = given
  const wish = wishOf(given)
  const [{ replay }, { systemClock: clock, systemRandom: random }] = await Promise.all([
    import('@credence/events'),
    import('@credence/service'),
  ])
  const bus = await openBus(installation)
  const counts: Record<string, number> = {}
  const progress = (source: string, count: number): void => {
    counts[source] = (counts[source] ?? 0) + count
    if (publishes) cli.terminal.err(`${source}: ${counts[source]} published`)
  }
  const open = (source: string): Promise<DocumentStore | undefined> => openLog(source, installation)
  try {
    await replay({ wish, bus, open, logs: SERVICES, publishes, progress, clock, random, signal })
  } catch (error) {
    if (!isCoded(error, 'UNAVAILABLE')) throw error
    throw new CodedError(
      'UNAVAILABLE',
      `NATS does not take the facts; ${sum(counts)} were published. Run it again: consumers know what they have.`,
    )
  } finally {
    await bus.close()
  }
  tell(cli, counts, { publishes, stopped: signal.aborted })
}

function tell(cli: Cli, counts: Readonly<Record<string, number>>, { publishes, stopped }: { publishes: boolean; stopped: boolean }): void {
  const total = sum(counts)
  const sources = Object.entries(counts).map(([source, count]) => `${source} ${count}`)
  const what = `${total} ${total === 1 ? 'fact' : 'facts'}${total === 0 ? '' : ` (${sources.join(', ')})`}`
  const done = publishes ? `${what} put on the stream again.` : `${what} would be put on the stream again: --publish does it.`
  cli.printer.done(stopped ? `Stopped: ${done}` : done, { published: publishes, stopped, facts: total, sources: counts })
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((before, count) => before + count, 0)
}

function wishOf({ from = '', to, types, source }: ReplayFlags): ReplayOptions['wish'] {
  const sources = listOf(source)
  const stranger = sources?.find((one) => !SERVICES.some((service) => service === one))
  if (stranger !== undefined) throw wrong('--source', `Give some of ${SERVICES.join(', ')}.`)
  const until = to === undefined ? undefined : timeOf(to)
  if (to !== undefined && until === undefined) throw wrong('--to', 'Give a time such as 2026-12-31T00:00:00Z.')
  return {
    from: timeOf(from) ?? from,
    ...(until === undefined ? {} : { to: until }),
    ...(types === undefined ? {} : { types: listOf(types) ?? [] }),
    ...(sources === undefined ? {} : { sources }),
  }
}

function listOf(text: string | undefined): string[] | undefined {
  return text?.split(',').map((one) => one.trim())
}

/** Undefined for what has not the form of a time (RFC 3339). */
function timeOf(text: string): Date | undefined {
  const time = /^\d{4}-\d{2}-\d{2}T\S+$/.test(text) ? new Date(text) : undefined
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time
}

async function openBus({ natsUrl, natsCreds }: Installation): Promise<EventBus> {
  if (natsUrl === undefined) throw wrong('CREDENCE_NATS_URL', 'Give nats://[user:password@]host:port, as to a service.')
  const [{ openJetStreamBus }, { createLogger, systemClock: clock, systemRandom: random }] = await Promise.all([
    import('@credence/events'),
    import('@credence/service'),
  ])
  const log = createLogger({ service: 'events-replay', level: 'silent' })
  const servers = Buffer.from(natsUrl.reveal()).toString('utf8').split(',')
  return openJetStreamBus({ servers, ...(natsCreds === undefined ? {} : { credsFile: natsCreds }), clock, random, log })
}

/** The store of a service that has published facts; a look makes none. */
async function openLog(source: string, installation: Installation): Promise<DocumentStore | undefined> {
  const { storeUrl } = installation
  if (storeUrl === undefined) throw wrong('CREDENCE_STORE_URL', 'Give the MongoDB of the services; or a cursor, which does not need it.')
  const [{ openMongoStore, peekMongo }, { systemRandom: random }] = await Promise.all([
    import('@credence/store'),
    import('@credence/service'),
  ])
  const place = { url: Buffer.from(storeUrl.reveal()).toString('utf8'), database: databaseOf(installation, source) }
  try {
    const look = await peekMongo(place)
    const published = await look.get(`${source.replaceAll('-', '_')}_events`, 'stream').finally(() => look.close())
    return published === undefined ? undefined : await openMongoStore({ ...place, random })
  } catch (error) {
    if (error instanceof TypeError)
      throw wrong('CREDENCE_STORE_URL', 'Give a connection string such as mongodb://user:password@host:27017/.')
    if (!isCoded(error, 'STORE_UNAVAILABLE')) throw error
    throw new CodedError(
      'STORE_UNAVAILABLE',
      `The event log of ${source} cannot be read as CREDENCE_STORE_URL says: name others with --source.`,
    )
  }
}

function wrong(setting: string, detail: string): CodedError {
  return new CodedError('INVALID_SETTING', `Correct ${setting}.`, { faults: [{ pointer: `/${setting}`, code: 'INVALID_VALUE', detail }] })
}
