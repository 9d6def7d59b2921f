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

/** Who calls, by what he shows. Throws UNAUTHENTICATED, and SCOPE_REQUIRED for a user that his key may not name. */
export async function authenticateCaller(
  services: Pick<Services, 'registry'>,
  shown: { readonly authorization: string; readonly user: string },
  via: string,
): Promise<Principal> {
  const [, key] = KEY.exec(shown.authorization) ?? []
  if (key === undefined) throw new CodedError('UNAUTHENTICATED')
  const keySha256 = createHash('sha256').update(key).digest()
  const { principal } = await services.registry.authenticate({ keySha256, user: shown.user, via }, callAs(servicePrincipal('gateway')))
  return present(principal, 'principal')
}

/** Asks of every request of this scope whose key it carries, and for which user. Throws UNAUTHENTICATED. */
export function requireCaller(app: FastifyInstance, services: Services): void {
  app.decorateRequest('principal', undefined)
  app.addHook('onRequest', async (request) => {
    const user = request.headers['credence-user']
    const shown = { authorization: request.headers.authorization ?? '', user: typeof user === 'string' ? user : '' }
    request.principal = await authenticateCaller(services, shown, 'http')
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
