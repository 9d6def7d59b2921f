import { Readable } from 'node:stream'
import { CodedError } from '@credence/errors'
import { ScrubbedBody } from './scrub-body.ts'
import { readEncoding, unpacked } from './scrub-decode.ts'
import { NeedleForms } from './scrub-forms.ts'
import { Masker } from './scrub-masker.ts'

/**
 * Removes from an answer what it echoes of a secret, before the caller sees it. Found is each needle as it is, in base64
 * and base64url at any alignment (all but the up to two edge characters that it shares with its neighbours), in hex of
 * either case, percent-encoded (any mix of encoded and plain characters, `+` for space) and with JSON escapes (any mix of
 * `\"`, `\/`, `\uXXXX`, …), wherever chunks are cut. Each is overwritten by as many `*`.
 *
 * Not found: needles of less than 4 bytes, which would blot out ordinary text; hex of mixed case; other transforms
 * (compressed, encrypted, reversed, cut in pieces by ranges or line breaks). What is rendered from a secret in another
 * way, such as `user:password`, is given as a needle of its own.
 */
export interface Scrubber {
  /** Names and values masked. Content-Encoding and Content-Length are dropped where `body` will unpack. */
  headers(list: readonly Header[]): Header[]
  /**
   * The answer's body, masked: bytes are held back only while they may be the beginning of a needle. Takes `source` over:
   * its chunks are overwritten in place, and it is destroyed with the body. gzip, deflate and br are unpacked and passed on
   * as they are. Throws UPSTREAM_UNSCRUBBABLE, before any byte, for another encoding or several; the body fails with
   * UPSTREAM_BOMB when it unpacks to over a hundred times what came. Call it once; it wipes the scrubber when it closes.
   */
  body(contentEncoding: string | undefined, source: AsyncIterable<Uint8Array>): Readable
  /** True when a body of this encoding is passed on as it came. */
  keepsEncoding(contentEncoding: string | undefined): boolean
  /** Zeroes every form that was made of the needles. For answers whose body is not read. */
  wipe(): void
}

type Header = readonly [string, string]

/** Copies the needles: the caller may wipe his own at once. Without any needle everything passes untouched. */
export function createScrubber(needles: readonly Uint8Array[]): Scrubber {
  const forms = new NeedleForms(needles)
  const masker = new Masker(forms)
  return {
    keepsEncoding: (contentEncoding) => forms.isEmpty || readEncoding(contentEncoding) === 'identity',
    headers(list) {
      if (forms.isEmpty) return [...list]
      forms.assertWhole()
      return maskHeaders(masker, withoutPacking(list))
    },
    body(contentEncoding, source) {
      const readable = source instanceof Readable ? source : Readable.from(source)
      if (forms.isEmpty) return readable
      forms.assertWhole()
      const encoding = readEncoding(contentEncoding)
      if (encoding === undefined) throw new CodedError('UPSTREAM_UNSCRUBBABLE')
      const plain = encoding === 'identity' ? readable : unpacked(readable, encoding)
      return new ScrubbedBody(plain, masker, () => {
        readable.destroy()
        forms.wipe()
      })
    },
    wipe: () => forms.wipe(),
  }
}

/** Without the headers that describe the packed body, where it will be unpacked. */
function withoutPacking(list: readonly Header[]): readonly Header[] {
  const encodings = list.filter(([name]) => name.toLowerCase() === 'content-encoding').map(([, value]) => value)
  const encoding = readEncoding(encodings.join(','))
  if (encoding === 'identity' || encoding === undefined) return list
  return list.filter(([name]) => !['content-encoding', 'content-length'].includes(name.toLowerCase()))
}

/** One search over all of them; the masks keep every length, so that the text can be cut again where it was joined. */
function maskHeaders(masker: Masker, list: readonly Header[]): Header[] {
  const text = Buffer.from(list.flat().join('\n'), 'latin1')
  if (!masker.maskWhole(text)) return [...list]
  let at = 0
  const next = (length: number): string => {
    at += length + 1
    return text.toString('latin1', at - length - 1, at - 1)
  }
  const masked = list.map(([name, value]): Header => {
    const pair: Header = [next(name.length), next(value.length)]
    // Digits only: a mask here would break the framing, and hide nothing that the length of the body does not tell.
    return name.toLowerCase() === 'content-length' ? [name, value] : pair
  })
  text.fill(0)
  return masked
}
