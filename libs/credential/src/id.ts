/** The prefixes of all ids: the compiler and a log reader both know what they hold. */
export type IdPrefix =
  | 'proj'
  | 'usr'
  | 'cred'
  | 'prov'
  | 'ocl'
  | 'sess'
  | 'set'
  | 'cap'
  | 'csmr'
  | 'pass'
  | 'idn'
  | 'cons'
  | 'key'
  | 'whk'
  | 'evt'
  | 'cand'

/** A prefix and 26 lower-case Crockford base32 characters: 128 random bits. */
export type Id<P extends IdPrefix> = `${P}_${string}`
export type CredentialId = Id<'cred'>

/** Crockford base32 leaves out i, l, o and u, so that an id read aloud or copied by hand is not misread. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const BODY_LENGTH = 26
const BODY = /^[0-9a-hjkmnp-tv-z]{26}$/

/** A new id from 16 random bytes. */
export function newId<P extends IdPrefix>(prefix: P, random: (bytes: number) => Uint8Array): Id<P> {
  return idOf(prefix, random(16))
}

/** The id that 16 bytes stand for: the same bytes always give the same id, which makes a replayed create find its first try. */
export function idOf<P extends IdPrefix>(prefix: P, bytes: Uint8Array): Id<P> {
  let value = 0n
  for (const byte of bytes.subarray(0, 16)) value = (value << 8n) | BigInt(byte)
  let body = ''
  for (let i = 0; i < BODY_LENGTH; i++) {
    body = ALPHABET[Number(value & 31n)] + body
    value >>= 5n
  }
  return `${prefix}_${body}`
}

/** True when `text` has the form of an id with this prefix. Says nothing about whether it exists. */
export function isId<P extends IdPrefix>(prefix: P, text: string): text is Id<P> {
  return text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1))
}
