import { isId } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import type { Fact } from '../event-bus.ts'
import { allowedData, FACTS, type FactType } from './facts.ts'
import type { DataValue } from './member.ts'

const SOURCE_PREFIX = 'credence/'
const TYPE_PREFIX = 'dev.credence.'
/** W3C Trace Context §3.2. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
/** Ids and nothing that means something in a NATS subject: no dot, no wildcard, no space. */
const TOKEN = /^[a-z0-9_]{1,64}$/

/** CloudEvents 1.0 with its distributed-tracing extension and two of ours, `project` and `seq`. */
export interface CloudEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  /** RFC 3339. */
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly data: Readonly<Record<string, DataValue>>
  readonly project: string
  readonly seq: number
  readonly traceparent?: string
}

/** The form in which a fact leaves the platform: SSE, webhooks and NATS headers. Data that its row does not allow stays behind. */
export function asCloudEvent(fact: Fact): CloudEvent {
  return {
    specversion: '1.0',
    id: fact.id,
    source: SOURCE_PREFIX + fact.source,
    type: TYPE_PREFIX + fact.type,
    subject: fact.subject,
    time: fact.time.toISOString(),
    datacontenttype: 'application/json',
    data: isFactType(fact.type) ? allowedData(fact.type, fact.data) : {},
    project: fact.project,
    seq: fact.seq,
    ...(fact.traceparent === undefined ? {} : { traceparent: fact.traceparent }),
  }
}

/**
 * The fact that a CloudEvent stands for. Data members that the fact may not have are dropped; a bad `traceparent` is
 * too (W3C Trace Context §4.3). Throws INVALID_REQUEST naming every attribute at fault, also for a type that is not in
 * the table or a source that does not own it.
 */
export function fromCloudEvent(event: unknown): Fact {
  if (typeof event !== 'object' || event === null) throw new CodedError('INVALID_REQUEST', 'A CloudEvent is an object.')
  const given: { readonly [A in keyof CloudEvent]?: unknown } = event
  const type = typeOf(given.type)
  const faults: Fault[] = []
  const check = (attribute: keyof CloudEvent, fits: boolean): void => {
    if (!fits) faults.push({ pointer: `/${attribute}`, code: 'INVALID', detail: `\`${attribute}\` is not that of an event of ours.` })
  }
  check('specversion', given.specversion === '1.0')
  check('id', isString(given.id) && isId('evt', given.id))
  check('type', type !== undefined)
  check('source', type === undefined || given.source === SOURCE_PREFIX + FACTS[type].owner)
  check('subject', isString(given.subject) && TOKEN.test(given.subject))
  check('project', isString(given.project) && TOKEN.test(given.project))
  check('time', isString(given.time) && !Number.isNaN(Date.parse(given.time)))
  check('seq', Number.isSafeInteger(given.seq) && (given.seq as number) >= 0)
  check('data', typeof given.data === 'object' && given.data !== null)
  if (faults.length > 0 || type === undefined) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  return {
    id: given.id as string,
    type,
    source: FACTS[type].owner,
    project: given.project as string,
    subject: given.subject as string,
    seq: given.seq as number,
    time: new Date(given.time as string),
    data: allowedData(type, given.data as Record<string, unknown>),
    ...(isString(given.traceparent) && TRACEPARENT.test(given.traceparent) ? { traceparent: given.traceparent } : {}),
  }
}

/** Where the fact is published on NATS: `credence.v1.<project>.credential.<fact>.<id>`. Throws TypeError for ids that are none. */
export function subjectOf(fact: Fact): string {
  if (!TOKEN.test(fact.project) || !TOKEN.test(fact.subject)) throw new TypeError('a fact names its project and subject by id')
  return `credence.v1.${fact.project}.${fact.type}.${fact.subject}`
}

function typeOf(type: unknown): FactType | undefined {
  if (!isString(type) || !type.startsWith(TYPE_PREFIX)) return undefined
  const name = type.slice(TYPE_PREFIX.length)
  return isFactType(name) ? name : undefined
}

function isFactType(name: string): name is FactType {
  return Object.hasOwn(FACTS, name)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}
