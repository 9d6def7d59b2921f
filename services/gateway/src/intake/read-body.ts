import { CodedError } from '@credence/errors'
import { wipe } from '@credence/secret'

/** More than any form of secrets has: keys are short, a service account's JSON file has 3 KiB. */
export const MAX_SECRET_BODY_BYTES: number = 64 * 1024

/**
 * The whole body in one buffer that the caller must wipe. The pieces it came in are wiped here. Throws REQUEST_TOO_LARGE as
 * soon as the body is known to be larger, by its declared length or by what has arrived; the rest is not read.
 */
export async function readBody(stream: AsyncIterable<Uint8Array>, declaredBytes: number | undefined, maxBytes: number): Promise<Buffer> {
  if (declaredBytes !== undefined && declaredBytes > maxBytes) throw new CodedError('REQUEST_TOO_LARGE')
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      chunks.push(chunk)
      size += chunk.byteLength
      if (size > maxBytes) throw new CodedError('REQUEST_TOO_LARGE')
    }
    // Not Buffer.concat: it may take a slice of the shared pool, which is not ours to keep secrets in.
    const body = Buffer.allocUnsafeSlow(size)
    let at = 0
    for (const chunk of chunks) {
      body.set(chunk, at)
      at += chunk.byteLength
    }
    return body
  } finally {
    wipe(...chunks)
  }
}
