import type { StreamConfig } from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import { KEPT_MS } from '../outbox/event-log.ts'

export interface StreamOptions {
  /** The name of the stream; default `CREDENCE`. Dead letters are in `<name>_DEAD`, the claims of replicas in `<name>_OWNERS`. */
  readonly stream?: string
  /** Copies of each message, on as many servers; default 1, and 3 where a server may be lost. */
  readonly replicas?: 1 | 3 | 5
  /** After how long without a word another replica takes over a subscriber, and a fact in hand is handed out again. Default 10 s. */
  readonly takeoverMs?: number
}

export const SUBJECTS = 'credence.v1.>'
const OWNERS = 'credence.owner.v1'
const DEAD = 'credence.dead.v1'
const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** Repeats of an id within this time are dropped by the server, which holds the ids in memory: longer than an outage in which a relay repeats itself. */
const DEDUPE_MS = 10 * 60_000
const TAKEOVER_MS = 10_000
/** The server refuses a shorter age. */
const LEAST_TAKEOVER_MS = 500

/** The names and times that all parts of the adapter share. */
export interface Names {
  readonly stream: string
  readonly dead: string
  readonly owners: string
  readonly replicas: number
  readonly takeoverMs: number
}

/** Throws TypeError for a name that NATS does not take. */
export function namesOf({ stream = 'CREDENCE', replicas = 1, takeoverMs = TAKEOVER_MS }: StreamOptions): Names {
  if (!NAME.test(stream)) throw new TypeError('a stream name is 1 to 64 letters, digits, _ and -')
  if (takeoverMs < LEAST_TAKEOVER_MS) throw new TypeError(`takeoverMs is at least ${LEAST_TAKEOVER_MS}`)
  return { stream, dead: `${stream}_DEAD`, owners: `${stream}_OWNERS`, replicas, takeoverMs }
}

/** Where the replica that serves a durable subscriber says so. */
export function ownerSubject(durable: string): string {
  return `${OWNERS}.${durable}`
}

export function deadSubject(durable: string): string {
  return `${DEAD}.${durable}`
}

export type Wanted = Pick<
  StreamConfig,
  'name' | 'subjects' | 'max_age' | 'max_msgs_per_subject' | 'duplicate_window' | 'discard' | 'num_replicas' | 'storage' | 'retention'
> & { readonly allow_direct: boolean; readonly metadata?: Record<string, string> }

const limits = { discard: 'old', storage: 'file', retention: 'limits', max_msgs_per_subject: -1 } as const

/** The stream of facts: on disk, by age, the oldest go first. */
export function factsConfig(names: Names): Wanted {
  return {
    ...limits,
    name: names.stream,
    subjects: [SUBJECTS],
    max_age: nanos(KEPT_MS),
    duplicate_window: nanos(DEDUPE_MS),
    num_replicas: names.replicas,
    allow_direct: true,
  }
}

/** What comes with the stream of facts: dead letters, kept as long as facts, and claims, which end by their age. */
export function companionConfigs(names: Names): readonly Wanted[] {
  const common = { ...limits, num_replicas: names.replicas, allow_direct: false }
  const age = nanos(names.takeoverMs)
  return [
    { ...common, name: names.dead, subjects: [`${DEAD}.*`], max_age: nanos(KEPT_MS), duplicate_window: nanos(DEDUPE_MS) },
    { ...common, name: names.owners, subjects: [`${OWNERS}.*`], max_age: age, duplicate_window: age, max_msgs_per_subject: 1 },
  ]
}

/** True when the server's stream is not what is wanted, in a member that may be changed while it exists. */
export function differs(held: StreamConfig, wanted: Wanted): boolean {
  const { name: _name, storage: _storage, retention: _retention, metadata: _metadata, ...changeable } = wanted
  return Object.entries(changeable).some(([key, value]) => JSON.stringify(held[key as keyof StreamConfig]) !== JSON.stringify(value))
}
