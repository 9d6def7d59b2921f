import type { FastifyInstance } from 'fastify'
import { refuseEncoded } from './body-bytes.ts'

/**
 * Bodies of this scope are JSON or nothing: many clients name the type of a body that they do not send, and what needs a
 * body says itself that it is missing. Bytes that are no UTF-8 are refused, because they would be kept as other texts, and
 * so is a member that would reach into a prototype.
 */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.byteLength === 0) return done(null, undefined)
    try {
      refuseEncoded(request)
      parse(request, new TextDecoder('utf-8', { fatal: true }).decode(body), done)
    } catch (error) {
      done(error instanceof TypeError ? Object.assign(error, { statusCode: 400 }) : (error as Error))
    }
  })
}
