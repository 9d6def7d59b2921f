import { CredenceSignatureError } from './signature-error.ts'

/**
 * All of a body, which a digest needs. Throws BODY_TOO_LARGE and then leaves the source alone: to end it would cut the connection
 * on which the refusal is to be told, and one half of a cloned request waits for the other.
 */
export async function readRequestBody(chunks: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const source = chunks?.[Symbol.asyncIterator]()
  const kept: Uint8Array[] = []
  let size = 0
  for (let next = await source?.next(); next?.done === false; next = await source?.next()) {
    size += next.value.byteLength
    if (size > maxBytes) throw new CredenceSignatureError('BODY_TOO_LARGE', `Send at most ${maxBytes} bytes: see \`maxBodyBytes\`.`)
    kept.push(next.value)
  }
  return Buffer.concat(kept)
}
