import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto'
import { CredenceSignatureError } from './signature-error.ts'

export interface JsonWebKeySet {
  readonly keys: readonly object[]
}

export interface KeySet {
  /** Throws KEY_UNKNOWN, or KEYS_UNAVAILABLE when nobody can say. */
  find(kid: string): Promise<KeyObject>
}

const FRESH_MS = 10 * 60_000
/** A set that cannot be renewed still serves for so long; then a key that was taken back would be trusted for too long. */
const STALE_MS = 60 * 60_000
/** An unknown name must not let strangers make us ask without end. */
const ASK_AGAIN_MS = 30_000
const TIMEOUT_MS = 5_000
const MOST_BYTES = 256 * 1024

export function fixedKeySet(set: JsonWebKeySet): KeySet {
  const keys = readKeys(set)
  if (keys.size === 0) throw new TypeError('`jwks` holds no Ed25519 key.')
  return { find: async (kid) => found(keys, kid) }
}

/** Asks the address when it must, one request at a time for all who wait. */
export function remoteKeySet(address: string, options: { readonly now: () => number; readonly fetch: typeof fetch }): KeySet {
  const { now } = options
  let keys: ReadonlyMap<string, KeyObject> = new Map()
  let [fetchedAt, askedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let asking: Promise<void> | undefined
  const ask = async (): Promise<void> => {
    askedAt = now()
    keys = readKeys(await fetchSet(address, options.fetch))
    fetchedAt = now()
  }
  return {
    async find(kid) {
      const isOld = now() - fetchedAt >= FRESH_MS
      if ((isOld || !keys.has(kid)) && (asking !== undefined || now() - askedAt >= ASK_AGAIN_MS)) {
        asking ??= ask().finally(() => {
          asking = undefined
        })
        // A set that is at hand still serves when a newer one cannot be had.
        await asking.catch(() => undefined)
      }
      if (now() - fetchedAt >= STALE_MS) throw new CredenceSignatureError('KEYS_UNAVAILABLE', 'The keys of the platform cannot be fetched.')
      return found(keys, kid)
    },
  }
}

function found(keys: ReadonlyMap<string, KeyObject>, kid: string): KeyObject {
  const key = keys.get(kid)
  if (key === undefined) throw new CredenceSignatureError('KEY_UNKNOWN', 'The call is signed with a key that is not in the set.')
  return key
}

async function fetchSet(address: string, fetchIt: typeof fetch): Promise<unknown> {
  const response = await fetchIt(address, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const text = response.ok ? await response.text() : ''
  if (text === '' || text.length > MOST_BYTES) throw new TypeError('no key set')
  return JSON.parse(text)
}

/** RFC 8037 §2; keys of other kinds, and one that is none, are passed over: those beside it still serve. */
function readKeys(set: unknown): ReadonlyMap<string, KeyObject> {
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined
  if (!Array.isArray(keys)) throw new TypeError('A key set has the member `keys`.')
  return new Map(
    keys.flatMap((key: (webcrypto.JsonWebKey & { kid?: unknown }) | null) => {
      const { kty, crv, x, kid } = key ?? {}
      if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string' || typeof kid !== 'string') return []
      try {
        return [[kid, createPublicKey({ key: { kty, crv, x }, format: 'jwk' })] as const]
      } catch {
        return []
      }
    }),
  )
}
