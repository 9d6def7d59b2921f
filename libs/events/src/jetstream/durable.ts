import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  ReplayPolicy,
} from '@nats-io/jetstream'
import { nanos } from '@nats-io/nats-core'
import type { Place } from '../cursor.ts'
import type { FactFilter } from '../event-bus.ts'
import type { Wire } from './link.ts'
import { subjectsOf } from './message.ts'
import type { Names } from './stream-config.ts'

/** Facts in hand for one subscriber. With so many behind subjects that fail, reading stops until some are handled. */
const MAX_HELD = 5_000
const EPOCH = 'epoch'

export interface DurableOptions {
  readonly names: Names
  readonly durable: string
  readonly filter: FactFilter
  readonly epoch: string
  /** How far this process knows the subscriber to have come; it is used when the server has lost the consumer alone. */
  readonly floor?: Place | undefined
}

/** A durable consumer, how many facts it has handed out that are not acknowledged, and up to where all are. */
export interface OpenDurable {
  readonly consumer: Consumer
  readonly outstanding: number
  readonly acknowledged: number
}

/**
 * The durable consumer of a subscriber, made or changed so that it fits. One of an earlier epoch is replaced: its
 * positions mean nothing in this stream. A new one starts with the oldest fact that is kept.
 */
export async function openDurable({ js, jsm }: Wire, options: DurableOptions): Promise<OpenDurable> {
  const { names, durable, epoch } = options
  const info = await found(jsm.consumers.info(names.stream, durable))
  const current = info?.config.metadata?.[EPOCH] === epoch
  if (info !== undefined && !current) await jsm.consumers.delete(names.stream, durable)
  const settled =
    info !== undefined && current ? await fit(info, { jsm, options }) : await jsm.consumers.add(names.stream, firstConfig(options))
  const { num_ack_pending: outstanding, ack_floor } = settled
  return { consumer: js.consumers.getConsumerFromInfo(settled), outstanding, acknowledged: ack_floor.stream_seq }
}

type Changeable = Pick<ConsumerConfig, 'filter_subjects' | 'ack_wait' | 'max_ack_pending' | 'max_deliver'>

function changeable({ filter, names }: DurableOptions): Changeable {
  return {
    filter_subjects: subjectsOf(filter),
    ack_wait: nanos(names.takeoverMs),
    max_ack_pending: MAX_HELD,
    // How often is counted here, where it is known what the failure was.
    max_deliver: -1,
  }
}

function firstConfig(options: DurableOptions): ConsumerConfig {
  const { durable, epoch, floor } = options
  const start =
    floor?.epoch === epoch
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: floor.position + 1 }
      : { deliver_policy: DeliverPolicy.All }
  return {
    ...start,
    ...changeable(options),
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    replay_policy: ReplayPolicy.Instant,
    metadata: { [EPOCH]: epoch },
  }
}

async function fit(
  info: ConsumerInfo,
  { jsm, options }: { readonly jsm: Wire['jsm']; readonly options: DurableOptions },
): Promise<ConsumerInfo> {
  const wanted = changeable(options)
  const held: Changeable = { ...info.config, filter_subjects: filtersOf(info.config) }
  const same = Object.entries(wanted).every(([key, value]) => JSON.stringify(held[key as keyof Changeable]) === JSON.stringify(value))
  return same ? info : jsm.consumers.update(options.names.stream, options.durable, wanted)
}

/** The server keeps a single filter in another member. */
function filtersOf({ filter_subject, filter_subjects }: ConsumerConfig): string[] {
  return filter_subjects ?? (filter_subject === undefined ? [] : [filter_subject])
}

async function found(asked: Promise<ConsumerInfo>): Promise<ConsumerInfo | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound) return undefined
    throw error
  }
}
