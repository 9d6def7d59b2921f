import { CodedError, isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { present, type Services, userOf } from '../services.ts'
import type { WidgetClaims } from './issue-token.ts'
import { type VerifyParts, verifyWidgetToken } from './verify-token.ts'

/** Who asks from a page: the token's person, with what a widget may do and no more. */
export interface WidgetCaller {
  readonly claims: WidgetClaims
  /** One of the token's origins. */
  readonly origin: string
  /** `user` is empty for a guest. */
  readonly principal: Principal
}

declare module 'fastify' {
  interface FastifyRequest {
    widget: WidgetCaller | undefined
  }
}

const TOKEN = /^Bearer (eyJ[\w.-]+)$/i
const SCOPES = ['credentials.read', 'credentials.write', 'sessions']
const PREFLIGHT_MAX_AGE_S = 600

/**
 * W1 A token opens this scope and nothing else of ours. W2 `Origin`, which a page cannot choose, must be among its claims. W3
 * That origin alone may read the answers, without credentials mode: no cookie counts here. W4 Who is refused reads why only
 * from an origin of a token that we signed.
 */
export function requireWidget(app: FastifyInstance, parts: VerifyParts & { readonly services: Services }): void {
  app.decorateRequest('widget', undefined)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('vary', 'Origin').header('cache-control', 'no-store')
    if (request.method === 'OPTIONS') return
    const { origin = '', authorization = '' } = request.headers
    const [, token] = TOKEN.exec(authorization) ?? []
    if (token === undefined) throw new CodedError('UNAUTHENTICATED')
    const { claims, expired } = await verifyWidgetToken(parts, token)
    if (!claims.origins.includes(origin)) throw new CodedError('ORIGIN_REFUSED')
    readableBy(reply, origin)
    if (expired) throw new CodedError('UNAUTHENTICATED', 'The widget token has ended. Ask the page for a new one.')
    const principal = await principalOf(parts.services, claims)
    request.widget = { claims, origin, principal }
    request.caller = principal.subject
  })
  // Asked without the token: it opens nothing, and the answer to what follows is readable only where W3 says so.
  app.options('/widget/api/*', async (request, reply) => {
    const { origin } = request.headers
    if (origin === undefined || URL.parse(origin)?.origin !== origin) throw new CodedError('ORIGIN_REFUSED')
    return readableBy(reply, origin)
      .header('access-control-allow-methods', 'GET, POST, DELETE')
      .header('access-control-allow-headers', 'authorization, content-type')
      .header('access-control-max-age', PREFLIGHT_MAX_AGE_S)
      .status(204)
      .send()
  })
}

export function widgetOf(request: FastifyRequest): WidgetCaller {
  return present(request.widget, 'widget')
}

/** The caller, who is a known user. Throws USER_REQUIRED for a guest. */
export function personOf(request: FastifyRequest): WidgetCaller {
  const widget = widgetOf(request)
  if (widget.principal.user === '') throw new CodedError('USER_REQUIRED', 'The widget token names no user: mint it with `user_email`.')
  return widget
}

function readableBy(reply: FastifyReply, origin: string): FastifyReply {
  return reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', 'retry-after')
}

async function principalOf(services: Services, { project, user, sub }: WidgetClaims): Promise<Principal> {
  const entrance = { project, via: 'widget' }
  const guest = { ...entrance, subject: sub, user: '', userNames: [], roles: [], scopes: ['credentials.read'] }
  if (user === undefined) return guest
  const known = await userOf(services, entrance, [user]).catch((error: unknown) => {
    throw isCoded(error, 'NOT_FOUND') ? new CodedError('UNAUTHENTICATED') : error
  })
  return { ...known, roles: [], scopes: SCOPES }
}
