import { CodedError } from '@credence/errors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { readBody } from '../../intake/read-body.ts'

/** JSON bodies of this scope stay the bytes they came as: because they are kept so, or because a secret may be in them. */
export function keepBytes(
  app: Pick<FastifyInstance, 'removeAllContentTypeParsers' | 'addContentTypeParser' | 'initialConfig'>,
  maxBytes?: number,
): void {
  app.removeAllContentTypeParsers()
  const max = maxBytes ?? app.initialConfig.bodyLimit ?? 0
  app.addContentTypeParser('application/json', async (request: FastifyRequest, payload: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const declared = request.headers['content-length']
    return readBody(payload, declared === undefined ? undefined : Number(declared), max)
  })
}

/** The body; empty where none came. Throws INVALID_REQUEST when it was sent compressed. */
export function bodyBytes(request: FastifyRequest): Buffer {
  refuseEncoded(request)
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

/** Throws INVALID_REQUEST when the body was sent compressed. */
export function refuseEncoded({ headers }: FastifyRequest): void {
  if ((headers['content-encoding'] ?? 'identity') === 'identity') return
  const detail = 'Send the body without Content-Encoding.'
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '', code: 'INVALID_CONTENT_ENCODING', detail }] })
}
