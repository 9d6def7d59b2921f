import { CodedError } from '@credence/errors'
import type { JsMsg } from '@nats-io/jetstream'
import { headers, type MsgHdrs } from '@nats-io/nats-core'
import type { Fact, FactFilter } from '../event-bus.ts'
import { asCloudEvent, fromCloudEvent, subjectOf } from '../fact/cloud-event.ts'
import { SUBJECTS } from './stream-config.ts'

/** CloudEvents NATS binding, binary mode: each attribute in a header, the data as the payload. */
const PREFIX = 'ce-'
/** By its own name too, where tracing tools look for it (W3C Trace Context §3.2). */
const TRACEPARENT = 'traceparent'
const ATTRIBUTES = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'project', 'seq', TRACEPARENT] as const
const TYPE = /^[a-z_]+\.[a-z_]+$/
const TYPE_PREFIX = /^[a-z_]+\.$/
const TOKEN = /^[a-z0-9_]{1,64}$/
/** No project has this id. */
const NOTHING = 'credence.v1._nothing.>'

/** Something that can be published. */
export interface Outgoing {
  readonly subject: string
  readonly headers: MsgHdrs
  readonly payload: string
}

/** Throws TypeError for a fact that no reader would take. */
export function messageOf(fact: Fact): Outgoing {
  const event = asCloudEvent(fact)
  try {
    fromCloudEvent(event)
  } catch {
    throw new TypeError('a fact has an evt_ id, a type of the table, and the source that owns it')
  }
  const { data, ...attributes } = event
  const head = headers()
  for (const [name, value] of Object.entries(attributes)) head.set(PREFIX + name, encodeURI(String(value)))
  if (event.traceparent !== undefined) head.set(TRACEPARENT, event.traceparent)
  return { subject: subjectOf(fact), headers: head, payload: JSON.stringify(data) }
}

/** The fact in a message. Throws INVALID_REQUEST for whatever else somebody put on the stream. */
export function factIn(message: Pick<JsMsg, 'headers' | 'subject' | 'string'>): Fact {
  const event: Record<string, unknown> = {}
  for (const name of ATTRIBUTES) {
    const value = message.headers?.get(PREFIX + name)
    if (value) event[name] = decoded(value)
  }
  const fact = fromCloudEvent({ ...event, seq: wholeNumber(event.seq), data: parsed(message.string()) })
  if (subjectOf(fact) !== message.subject) throw new CodedError('INVALID_REQUEST', 'The event is under a subject that is not its own.')
  return fact
}

/** The subjects that hold all facts of a filter; what a subject cannot say, `matches` must sort out. */
export function subjectsOf({ types, project }: FactFilter): string[] {
  const place = project !== undefined && TOKEN.test(project) ? project : '*'
  if (types === undefined || types.some((type) => !TYPE.test(type) && !TYPE_PREFIX.test(type))) {
    return [place === '*' ? SUBJECTS : `credence.v1.${place}.>`]
  }
  const prefixes = types.filter((type) => type.endsWith('.'))
  // The server refuses filters that overlap.
  const exact = types.filter((type) => !prefixes.some((prefix) => type.startsWith(prefix)))
  const subjects = [
    ...prefixes.map((prefix) => `credence.v1.${place}.${prefix}>`),
    ...exact.map((type) => `credence.v1.${place}.${type}.*`),
  ]
  return subjects.length === 0 ? [NOTHING] : [...new Set(subjects)].sort()
}

function decoded(value: string): string {
  try {
    return decodeURI(value)
  } catch {
    return value
  }
}

function wholeNumber(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : undefined
}

function parsed(payload: string): unknown {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}
