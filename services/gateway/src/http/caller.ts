import { createHash } from 'node:crypto'
import { CodedError } from '@credence/errors'
import { callAs, type Principal, servicePrincipal } from '@credence/rpc'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { present, type Services } from '../services.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read: a stranger's body is not. */
    principal: Principal | undefined
  }
}

const KEY = /^Bearer (crd_[\w-]{1,256})$/i

/** Asks of every request of this scope whose key it carries, and for which user. Throws UNAUTHENTICATED. */
export function requireCaller(app: FastifyInstance, services: Services): void {
  app.decorateRequest('principal', undefined)
  app.addHook('onRequest', async (request) => {
    const [, key] = KEY.exec(request.headers.authorization ?? '') ?? []
    if (key === undefined) throw new CodedError('UNAUTHENTICATED')
    const user = request.headers['credence-user']
    const keySha256 = createHash('sha256').update(key).digest()
    const asked = { keySha256, user: typeof user === 'string' ? user : '', via: 'http' }
    const { principal } = await services.registry.authenticate(asked, callAs(servicePrincipal('gateway')))
    request.principal = present(principal, 'principal')
    request.caller = request.principal.subject
  })
}

/** The caller of a request of such a scope. */
export function callerOf(request: FastifyRequest): Principal {
  return present(request.principal, 'principal')
}

/** `Idempotency-Key`, the HTTP name of `request_id`. */
export function requestIdOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key']
  if (key === undefined) return ''
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key
  const detail = 'Write 1 to 255 visible ASCII characters without blanks.'
  throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/Idempotency-Key', code: 'INVALID_FORMAT', detail }] })
}
