import type { Redis } from 'ioredis'
import { connectImpatient, reasonOf } from './redis-connection.ts'

/** `error`: the queue must not be run on it. `warning`: it works, and something may be lost or is not known. */
export interface RedisFinding {
  readonly severity: 'error' | 'warning'
  readonly code:
    | 'redis_address_wrong'
    | 'redis_unreachable'
    | 'redis_login_refused'
    | 'redis_evicts'
    | 'redis_read_only'
    | 'redis_too_old'
    | 'redis_eviction_unknown'
    | 'redis_no_aof'
    | 'redis_persistence_unknown'
  /** A sentence that says what to do. No address, no password. */
  readonly detail: string
}

const PATIENCE_MS = 3_000
/** The oldest that BullMQ works on. */
const OLDEST_MAJOR = 5

/** What `credence doctor` says of a Redis; empty when all is well. Never throws, and takes a few seconds at most. */
export async function checkRedis(url: string): Promise<RedisFinding[]> {
  const wrong = checkAddress(url)
  if (wrong.length > 0) return wrong
  const redis = connectImpatient({ url, patienceMs: PATIENCE_MS })
  try {
    return await examine(redis)
  } finally {
    redis.disconnect()
  }
}

/** The driver would take anything for a socket's path, and look for it for ever. */
export function checkAddress(url: string): RedisFinding[] {
  if (/^rediss?:\/\/./.test(url) && URL.canParse(url)) return []
  const detail = 'CREDENCE_REDIS_URL is no address of a Redis: write redis://[user:password@]host:port, or rediss:// for TLS.'
  return [{ severity: 'error', code: 'redis_address_wrong', detail }]
}

/** The same over a connection that exists. Managed services hide their settings: what is not known is a warning. */
export async function examine(redis: Redis): Promise<RedisFinding[]> {
  try {
    await redis.ping()
  } catch (error) {
    return [unreachable(reasonOf(error))]
  }
  const info = await settingsOf(redis)
  return [...version(info), ...eviction(info), ...persistence(info), ...role(info)]
}

function unreachable(reason: string): RedisFinding {
  if (reason === 'NOAUTH' || reason === 'WRONGPASS' || reason === 'NOPERM') {
    const detail = `Redis refuses the login (${reason}): correct user and password in CREDENCE_REDIS_URL.`
    return { severity: 'error', code: 'redis_login_refused', detail }
  }
  const detail = `Redis does not answer (${reason}): check CREDENCE_REDIS_URL, and that it runs.`
  return { severity: 'error', code: 'redis_unreachable', detail }
}

/** By INFO, and by CONFIG where INFO is forbidden or leaves it out. */
async function settingsOf(redis: Redis): Promise<ReadonlyMap<string, string>> {
  const text = await redis.info().catch(() => '')
  const settings = new Map(text.split('\r\n').map((line): [string, string] => [line.split(':', 1)[0]!, line.slice(line.indexOf(':') + 1)]))
  const missing: readonly (readonly [string, string])[] = [
    ['maxmemory_policy', 'maxmemory-policy'],
    ['aof_enabled', 'appendonly'],
  ]
  for (const [member, setting] of missing) {
    if (settings.has(member)) continue
    const value = await redis.config('GET', setting).then(
      (answer) => (answer as string[])[1],
      () => undefined,
    )
    if (value !== undefined) settings.set(member, value === 'yes' ? '1' : value)
  }
  return settings
}

function version(info: ReadonlyMap<string, string>): RedisFinding[] {
  const major = Number.parseInt(info.get('redis_version') ?? '', 10)
  if (Number.isNaN(major) || major >= OLDEST_MAJOR) return []
  return [{ severity: 'error', code: 'redis_too_old', detail: `Redis ${major} is too old: take ${OLDEST_MAJOR} or newer.` }]
}

function eviction(info: ReadonlyMap<string, string>): RedisFinding[] {
  const policy = info.get('maxmemory_policy')
  if (policy === 'noeviction') return []
  if (policy === undefined || !/^[a-z-]{1,40}$/.test(policy)) {
    const detail = 'Redis does not show its maxmemory-policy: make sure that it is noeviction.'
    return [{ severity: 'warning', code: 'redis_eviction_unknown', detail }]
  }
  const detail = `Redis throws away jobs when its memory is full (maxmemory-policy ${policy}): set maxmemory-policy noeviction.`
  return [{ severity: 'error', code: 'redis_evicts', detail }]
}

function persistence(info: ReadonlyMap<string, string>): RedisFinding[] {
  const aof = info.get('aof_enabled')
  if (aof === '1') return []
  if (aof === undefined) {
    const detail = 'Redis does not show whether it has an append-only file: turn on its persistence.'
    return [{ severity: 'warning', code: 'redis_persistence_unknown', detail }]
  }
  const detail = 'Redis forgets its jobs with a restart, and they are put in again: set appendonly yes to spare that.'
  return [{ severity: 'warning', code: 'redis_no_aof', detail }]
}

function role(info: ReadonlyMap<string, string>): RedisFinding[] {
  if (info.get('role') !== 'slave') return []
  return [{ severity: 'error', code: 'redis_read_only', detail: 'This Redis is a replica: give the address of its primary.' }]
}
