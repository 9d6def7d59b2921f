import { CodedError } from '@credence/errors'
import { Secret } from '@credence/secret'

/** More than any secret is long; a whole file piped in by mistake is refused. */
const MAX_BYTES = 64 * 1024
const NEWLINE = 0x0a
const RETURN = 0x0d

/** One secret from standard input, without the line end that `echo` and editors leave. Throws INVALID_REQUEST when nothing came. */
export async function readSecretFrom(input: AsyncIterable<Uint8Array>): Promise<Secret> {
  const bytes = await readAll(input)
  let length = bytes.byteLength
  if (bytes[length - 1] === NEWLINE) length--
  if (bytes[length - 1] === RETURN) length--
  if (length === 0)
    throw new CodedError('INVALID_REQUEST', 'Nothing came from standard input: pipe the secret in, or run the command in a terminal.')
  const secret = new Secret(new Uint8Array(bytes.subarray(0, length)))
  bytes.fill(0)
  return secret
}

/** The fields of a credential as a JSON object of texts. Throws INVALID_REQUEST, which repeats nothing of what came. */
export async function readFieldsFrom(input: AsyncIterable<Uint8Array>): Promise<Map<string, Secret>> {
  const bytes = await readAll(input)
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
    if (entries.length === 0 || entries.some(([, text]) => typeof text !== 'string')) throw new TypeError('not an object of texts')
    return new Map(entries.map(([name, text]) => [name, Secret.fromString(text as string)]))
  } catch {
    throw new CodedError('INVALID_REQUEST', 'Standard input is not the fields: write a JSON object of texts, {"field name": "value"}.')
  } finally {
    bytes.fill(0)
  }
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of input) {
    chunks.push(chunk)
    length += chunk.byteLength
    if (length > MAX_BYTES) throw new CodedError('REQUEST_TOO_LARGE', 'Standard input is longer than 64 KiB: that is no secret.')
  }
  const whole = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return whole
}
