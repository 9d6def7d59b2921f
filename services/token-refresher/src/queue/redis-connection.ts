import { CodedError } from '@credence/errors'
import type { Logger } from '@credence/service'
import { Redis, type RedisOptions } from 'ioredis'

export interface ConnectionOptions {
  /** May hold a password: never told. */
  readonly url: string
  /** Told when the connection is lost, and when it is back. Without it nothing is told. */
  readonly log?: Logger
}

type Patience = Pick<RedisOptions, 'maxRetriesPerRequest' | 'commandTimeout' | 'socketTimeout' | 'autoResendUnfulfilledCommands'>

const CONNECT_MS = 2_000
const LONGEST_RETRY_MS = 2_000
/** A peer that vanished without a word: well above the 10 s that a worker's fetch may block. */
const SILENCE_MS = 45_000

/** For those who must have an answer: a command fails within `patienceMs`, whether Redis is away, hangs or is slow. */
export function connectImpatient(options: ConnectionOptions & { readonly patienceMs: number }): Redis {
  return connect(options, { maxRetriesPerRequest: 1, commandTimeout: options.patienceMs, autoResendUnfulfilledCommands: false })
}

/** A connection and those that BullMQ makes after its pattern. */
export interface PatientConnection {
  readonly redis: Redis
  /** Ends all of them now, also those that are waiting for their next try: what was asked fails. */
  giveUp(): void
}

/** For workers: reconnects for ever, and what was asked waits until then. */
export function connectPatient(options: ConnectionOptions): PatientConnection {
  const redis = connect(options, { maxRetriesPerRequest: null, socketTimeout: SILENCE_MS })
  const all = [redis]
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = (over) => {
    const another = duplicate(over)
    all.push(another)
    return another
  }
  return {
    redis,
    giveUp() {
      for (const one of all) {
        const isBetweenTries = one.status === 'reconnecting'
        one.disconnect()
        // The driver forgets to end such a one, and whoever waits for its end waits for ever: one last try ends it.
        if (isBetweenTries) one.connect().catch(() => undefined)
      }
    },
  }
}

/**
 * What may be told of an error of the driver. Its message and its members may hold the address, the password and whole
 * commands (AUTH among them): only the code is taken, which for an answer of Redis is its first word.
 */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code)) return code
  const word = typeof message === 'string' ? /^[A-Z]{2,20}(?= )/.exec(message)?.[0] : undefined
  return word ?? (/^-\d+$/.test(String(code)) ? `bullmq${String(code)}` : 'no_answer')
}

/** Runs one command or several; whatever the driver throws becomes UNAVAILABLE. */
export async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const detail = 'Redis does not answer; what is due is put in again when it does.'
    throw new CodedError('UNAVAILABLE', detail, { facts: { redis: reasonOf(error) } })
  }
}

function connect({ url, log }: ConnectionOptions, over: Patience): Redis {
  const redis = new Redis(url, {
    connectTimeout: CONNECT_MS,
    disableClientInfo: true,
    retryStrategy: (times) => Math.min(50 * 2 ** times, LONGEST_RETRY_MS),
    ...over,
  })
  // The driver tells of every attempt; an operator wants to hear of the loss once. Without this listener it prints by itself.
  let isLost = false
  redis.on('error', (error) => {
    if (!isLost) log?.warn('queue.redis_lost', { reason: reasonOf(error) })
    isLost = true
  })
  redis.on('ready', () => {
    if (isLost) log?.info('queue.redis_back')
    isLost = false
  })
  return redis
}
