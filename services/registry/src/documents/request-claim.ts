import { createHash } from 'node:crypto'
import { CodedError } from '@credence/errors'
import type { Actor } from '../caller/actor.ts'
import type { Registry } from '../registry.ts'
import { insertOnce, replaced } from './change.ts'
import type { RequestClaim } from './request-doc.ts'

const KEPT_MS = 24 * 3_600_000
const MAX_KEY_LENGTH = 200

/**
 * The id for a create: `fresh`, or the one of the first request with this key in 24 hours. Throws IDEMPOTENCY_CONFLICT
 * when that one had another body.
 */
export async function claimRequest<I extends string>(
  registry: Registry,
  actor: Actor,
  request: { readonly method: string; readonly requestId: string; readonly body: readonly string[]; readonly fresh: I },
): Promise<I> {
  if (request.requestId === '') return request.fresh
  if (request.requestId.length > MAX_KEY_LENGTH) {
    const detail = `Use a key of at most ${MAX_KEY_LENGTH} characters.`
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '/request_id', code: 'TOO_LONG', detail }] })
  }
  const now = registry.now()
  const claim: RequestClaim = {
    id: createHash('sha256')
      .update(JSON.stringify([actor.project, actor.subject, request.method, request.requestId]))
      .digest('hex'),
    v: 1,
    digest: registry.pages.digest([actor.user?.id ?? '', ...request.body]),
    target: request.fresh,
    expiresAt: new Date(now.getTime() + KEPT_MS),
  }
  const { doc, inserted } = await insertOnce(registry.docs.requests, claim)
  if (inserted) return request.fresh
  if (doc.expiresAt <= now) {
    if ((await replaced(registry.docs.requests, claim, doc)) !== undefined) return request.fresh
    return claimRequest(registry, actor, request)
  }
  if (doc.digest !== claim.digest) throw new CodedError('IDEMPOTENCY_CONFLICT')
  return doc.target as I
}
