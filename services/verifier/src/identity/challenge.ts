import { createHmac, timingSafeEqual } from 'node:crypto'
import { SECURITY_LEVELS, type SecurityLevel } from '@credence/credential'
import { CodedError, isCoded } from '@credence/errors'
import type { Random } from '@credence/service'
import type { CollectionSpec, Doc, DocumentStore } from '@credence/store'
import type { Before } from './standing.ts'

/** What a challenge is bound to. */
export interface ChallengeTerms extends Before {
  /** Good for the attempt that follows this one. */
  readonly serial: number
  /** Of what is asked. */
  readonly version: number
  readonly level: SecurityLevel
  /** Milliseconds. */
  readonly expiresAt: number
}

/** Challenges are not stored: they say themselves what they are good for, under a MAC. */
export interface Challenges {
  issue(terms: ChallengeTerms): string
  /** Throws CHALLENGE_REFUSED for one that is not ours or too old. */
  read(challenge: string, now: number): ChallengeTerms
}

/** Long enough to ask in a conversation, and to open the page. */
export const CHALLENGE_LIFE_MS: number = 15 * 60_000

interface KeyDoc extends Doc {
  readonly key: Uint8Array
}

export const CHALLENGE_KEY_COLLECTION: CollectionSpec = { name: 'verifier_keys', indexes: [] }
const KEY_ID = 'challenges'
const MAC_BYTES = 32
const MOST_LENGTH = 500

/** All replicas have one key: whoever starts first makes it. */
export async function openChallenges({ store, random }: { readonly store: DocumentStore; readonly random: Random }): Promise<Challenges> {
  const keys = await store.collection<KeyDoc>(CHALLENGE_KEY_COLLECTION)
  const fresh = { id: KEY_ID, v: 1, key: random.bytes(32) }
  const stored =
    (await keys.get(KEY_ID, { fresh: true })) ??
    (await keys.insert(fresh).catch((error: unknown) => {
      if (!isCoded(error, 'ALREADY_EXISTS')) throw error
      return keys.get(KEY_ID, { fresh: true })
    }))
  if (stored === undefined) throw new CodedError('STORE_UNAVAILABLE')
  const { key } = stored
  const mac = (body: Uint8Array): Buffer => createHmac('sha256', key).update('challenge v1\n').update(body).digest()
  return {
    issue({ project, capability, user, serial, version, level, expiresAt }) {
      const body = Buffer.from(JSON.stringify([project, capability, user, serial, version, level, expiresAt]))
      return Buffer.concat([mac(body), body]).toString('base64url')
    },
    read(challenge, now) {
      const bytes = Buffer.from(challenge.length > MOST_LENGTH ? '' : challenge, 'base64url')
      const body = bytes.subarray(MAC_BYTES)
      if (bytes.byteLength <= MAC_BYTES || !timingSafeEqual(mac(body), bytes.subarray(0, MAC_BYTES))) throw refused()
      const terms = termsIn(JSON.parse(body.toString('utf8')))
      if (terms.expiresAt <= now) throw refused()
      return terms
    },
  }
}

/** Under a MAC of ours: what it says is what we wrote. */
function termsIn(parts: readonly unknown[]): ChallengeTerms {
  const [project = '', capability = '', user = '', serial, version, level, expiresAt] = parts
  const known = Object.keys(SECURITY_LEVELS).find((word) => word === level) as SecurityLevel | undefined
  return {
    project: String(project),
    capability: String(capability),
    user: String(user),
    serial: Number(serial),
    version: Number(version),
    level: known ?? 'strict',
    expiresAt: Number(expiresAt),
  }
}

export function refused(): CodedError {
  return new CodedError('CHALLENGE_REFUSED')
}
