import { isUtf8 } from 'node:buffer'

/** One way to write a secret that a search must find. */
export interface CanaryForm {
  readonly form: string
  readonly needle: Buffer
}

const MIN_SECRET_BYTES = 8
/** Shorter pieces would be found in any file by chance. */
const MIN_NEEDLE_BYTES = 6

/**
 * The forms in which a secret may have leaked: as it is, in base64 and base64url at each of the three alignments that it
 * can have inside something longer (a Basic pair, a JSON body), in hex, percent-encoded, JSON-escaped, and as UTF-16.
 * Throws TypeError for a secret under 8 bytes: its pieces would be found everywhere.
 */
export function canaryForms(secret: string | Uint8Array): CanaryForm[] {
  const bytes = Buffer.from(secret)
  if (bytes.length < MIN_SECRET_BYTES) throw new TypeError('a canary needs at least 8 bytes')
  const hex = bytes.toString('hex')
  const forms: [string, string | Buffer][] = [
    ['raw', bytes],
    ...[0, 1, 2].map((shift): [string, string] => [`base64+${shift}`, alignedBase64(bytes, shift, 'base64')]),
    ...[0, 1, 2].map((shift): [string, string] => [`base64url+${shift}`, alignedBase64(bytes, shift, 'base64url')]),
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['percent-all', hex.toUpperCase().replace(/../g, '%$&')],
    ...(isUtf8(bytes) ? textForms(bytes.toString('utf8')) : []),
  ]
  return distinct(forms)
}

/** For binary secrets these would be the forms of replacement characters. */
function textForms(text: string): [string, string | Buffer][] {
  const json = JSON.stringify(text).slice(1, -1)
  return [
    ['percent', encodeURIComponent(text)],
    ['percent-lower', encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())],
    ['form', new URLSearchParams({ v: text }).toString().slice(2)],
    ['json', json],
    ['json-slash', json.replaceAll('/', '\\/')],
    ['json-ascii', json.replace(/[^\x20-\x7e]|[<>&']/g, unicodeEscape)],
    ['utf16', Buffer.from(text, 'utf16le')],
  ]
}

/** The characters of base64 that depend on the secret alone when `shift` bytes stand before it and anything behind it. */
function alignedBase64(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString(encoding)
  return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function distinct(forms: readonly [string, string | Buffer][]): CanaryForm[] {
  const seen = new Set<string>()
  const kept: CanaryForm[] = []
  for (const [form, value] of forms) {
    const needle = Buffer.from(value)
    const key = needle.toString('latin1')
    if (needle.length < MIN_NEEDLE_BYTES || seen.has(key)) continue
    seen.add(key)
    kept.push({ form, needle })
  }
  return kept
}
