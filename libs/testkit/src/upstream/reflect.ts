import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'

/** The forms in which an API may give a secret back. */
const FORMS: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  percent: (secret) => encodeURIComponent(secret),
  json: (secret) => JSON.stringify(secret),
}

const ENCODINGS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  identity: (body) => body,
  gzip: (body) => gzipSync(body),
  br: (body) => brotliCompressSync(body),
  deflate: (body) => deflateSync(body),
  // What some servers send under the same name, without the zlib header (RFC 9110 §8.4.1.2).
  'deflate-raw': (body) => deflateRawSync(body),
  zstd: (body) => zstdCompressSync(body),
}

export interface Reflection {
  readonly encoding: string
  readonly form: string
  /** Text before the secret: moves it across chunk borders and base64 alignments. */
  readonly prefix: string
}

/** A body that holds `secret` in a form, compressed; undefined for a form or an encoding that is not known. */
export function reflect(secret: string, { encoding, form, prefix }: Reflection): { body: Buffer; contentEncoding?: string } | undefined {
  const write = FORMS[form]
  const compress = ENCODINGS[encoding]
  if (write === undefined || compress === undefined) return undefined
  const body = compress(Buffer.from(`${prefix}${write(secret)} is what you sent\n`))
  const contentEncoding = encoding.replace('-raw', '')
  return contentEncoding === 'identity' ? { body } : { body, contentEncoding }
}
