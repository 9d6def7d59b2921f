import { newPlaceholder, type SwappedSecret } from '@credence/egress'
import { secretBuffer, secretConcat } from '@credence/secret'
import type { Random } from '@credence/service'
import { percentEncoded } from '../encode-bytes.ts'
import { type InjectedRequest, sameHeader, withoutParameter } from '../inject.ts'

/** What is signed beside the head. */
export interface DraftOptions {
  readonly method: string
  /** Whole where the signature covers it. */
  readonly body: Uint8Array | undefined
  readonly random: Random
}

const COMMA = Buffer.from(', ')

/**
 * A request with its secrets placed, to which a signature is added. Values go in and come out as bytes, as they will stand
 * on the wire; what is read here is scratch, wiped when the draft is disposed of.
 */
export class RequestDraft implements Disposable {
  readonly method: string
  readonly body: Uint8Array | undefined
  readonly scheme: string
  /** Lower case, with the port where it is not the scheme's own. */
  readonly host: string
  /** Percent-encoded, never empty. */
  readonly path: string
  readonly #request: InjectedRequest
  readonly #random: Random
  readonly #secrets: SwappedSecret[]
  readonly #needles: Buffer[]
  readonly #scratch: Buffer[] = []
  #headers: (readonly [string, string])[]
  #query: string
  #isFinished = false

  constructor(request: InjectedRequest, { method, body, random }: DraftOptions) {
    const { url, headers, secrets, needles } = request
    // A placeholder is of plain characters: no part of the URL is spelled anew.
    const { protocol, host, pathname } = new URL(url)
    const mark = url.indexOf('?')
    this.method = method
    this.body = body
    this.scheme = protocol.slice(0, -1)
    this.host = host
    this.path = pathname
    this.#request = request
    this.#random = random
    this.#headers = [...headers]
    this.#secrets = [...secrets]
    this.#needles = [...needles]
    this.#query = mark < 0 ? '' : url.slice(mark + 1)
  }

  get headerNames(): readonly string[] {
    return [...new Set(this.#headers.map(([name]) => name.toLowerCase()))]
  }

  /** Without its question mark. */
  query(): Buffer {
    return this.#filled(this.#query)
  }

  /** Path and query, as they stand in the request line. */
  target(): Buffer {
    const query = this.query()
    return this.scratch(secretConcat([Buffer.from(query.byteLength === 0 ? this.path : `${this.path}?`), query]))
  }

  /** Each line of the header, trimmed; `host` and `content-length` as the socket writes them. */
  headerValues(name: string): readonly Buffer[] {
    if (name === 'host') return [Buffer.from(this.host)]
    if (name === 'content-length') return this.body === undefined ? [] : [Buffer.from(String(this.body.byteLength))]
    return this.#headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => trimmed(this.#filled(value)))
  }

  /** RFC 9110 §5.3; undefined when there is none. */
  header(name: string): Buffer | undefined {
    const values = this.headerValues(name)
    if (values.length < 2) return values[0]
    return this.scratch(secretConcat(values.flatMap((value, i) => (i === 0 ? [value] : [COMMA, value]))))
  }

  /** What the caller wrote under the name of something that is still to be made: no message must cover it. */
  dropHeader(name: string): void {
    this.#headers = this.#headers.filter(([given]) => !sameHeader(given, name))
  }

  dropParameter(name: string): void {
    this.#query = withoutParameter(this.#query, [name]).join('&')
  }

  /** Replaces what the caller or a placement wrote. The value is wiped with the request. */
  setHeader(name: string, value: Buffer): void {
    this.dropHeader(name)
    this.#headers.push([name, this.#placed(value)])
  }

  /** Comes last in the query, percent-encoded. */
  setParameter(name: string, value: Buffer): void {
    const encoded = this.#placed(percentEncoded(value))
    this.#query = [...withoutParameter(this.#query, [name]), `${encodeURIComponent(name)}=${encoded}`].join('&')
    this.scratch(value)
  }

  /** What an answer must not echo; copied. */
  needle(value: Uint8Array): void {
    this.#needles.push(secretConcat([value]))
  }

  /** Wiped with the draft. */
  scratch(bytes: Buffer): Buffer {
    this.#scratch.push(bytes)
    return bytes
  }

  /** The request with all that was added; disposing of it wipes what was placed before too. */
  finish(): InjectedRequest {
    const [secrets, needles] = [this.#secrets, this.#needles]
    this.#isFinished = true
    const base = this.#request.url.split('?', 1)[0] ?? ''
    return {
      url: this.#query === '' ? base : `${base}?${this.#query}`,
      headers: this.#headers,
      secrets,
      needles,
      [Symbol.dispose]: () => wipeAll(secrets, needles),
    }
  }

  /** Before `finish` it wipes what was placed as well. */
  [Symbol.dispose](): void {
    for (const bytes of this.#scratch) bytes.fill(0)
    if (!this.#isFinished) wipeAll(this.#secrets, this.#needles)
  }

  #placed(bytes: Buffer): string {
    const placeholder = newPlaceholder(this.#random)
    this.#secrets.push({ placeholder, bytes })
    return placeholder
  }

  /** A text of the request with its secrets in place. */
  #filled(text: string): Buffer {
    const parts: Uint8Array[] = []
    let rest = text
    while (rest !== '') {
      const next = this.#nextSecret(rest)
      parts.push(Buffer.from(next === undefined ? rest : rest.slice(0, next.at), 'latin1'))
      if (next === undefined) break
      parts.push(next.secret.bytes)
      rest = rest.slice(next.at + next.secret.placeholder.length)
    }
    return this.scratch(parts.length === 0 ? secretBuffer(0) : secretConcat(parts))
  }

  #nextSecret(text: string): { readonly at: number; readonly secret: SwappedSecret } | undefined {
    const found = this.#secrets.map((secret) => ({ at: text.indexOf(secret.placeholder), secret })).filter(({ at }) => at >= 0)
    return found.sort((a, b) => a.at - b.at)[0]
  }
}

function wipeAll(secrets: readonly SwappedSecret[], needles: readonly Buffer[]): void {
  for (const { bytes } of secrets) bytes.fill(0)
  for (const needle of needles) needle.fill(0)
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09

function trimmed(value: Buffer): Buffer {
  let [from, to] = [0, value.byteLength]
  while (from < to && isBlank(value[from])) from++
  while (to > from && isBlank(value[to - 1])) to--
  return value.subarray(from, to)
}
