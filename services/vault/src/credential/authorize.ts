import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import type { Access, Child } from './child.ts'

/** What of a call decides whether it may be made. */
export interface Ask {
  readonly consumer: string
}

/**
 * Whether this principal may use this credential now. One answer, NOT_FOUND, for what does not exist, belongs to another
 * project, is not shared, or has no secret in force; it is reached by the same reads.
 */
export function authorize(
  principal: Principal,
  child: Child | undefined,
  ask: Ask & { reconnectUrl: (id: string) => string },
): asserts child is Child & { access: Access } {
  needUse(principal)
  if (child === undefined || child.project !== principal.project) throw new CodedError('NOT_FOUND')
  if (child.deleted !== undefined) {
    const told = child.deleted.consumers.includes(ask.consumer) || child.deleted.visibleTo.some((name) => namesOf(principal).includes(name))
    throw new CodedError(told ? 'CREDENTIAL_DELETED' : 'NOT_FOUND', undefined, told ? { credentialId: child.id } : {})
  }
  if (child.access === undefined || !mayUse(principal, child.access)) throw new CodedError('NOT_FOUND')
  const { state, reason } = child.access
  if (state === 'active') return
  const code = state === 'disabled' ? 'CREDENTIAL_DISABLED' : 'CREDENTIAL_EXPIRED'
  throw new CodedError(code, undefined, {
    credentialId: child.id,
    reconnectUrl: ask.reconnectUrl(child.id),
    ...(reason === '' ? {} : { facts: { reason } }),
  })
}

/** Throws SCOPE_REQUIRED for a key that may use nothing. */
export function needUse(principal: Principal): void {
  if (!principal.scopes.includes('use')) throw new CodedError('SCOPE_REQUIRED', 'This key may not use credentials: it needs scope `use`.')
}

/** Everybody in the project, said as a name: a project-level credential is shared with it. */
export const PROJECT_NAME = 'project'

function mayUse(principal: Principal, access: Access): boolean {
  const names = namesOf(principal)
  return (
    access.owner.some((name) => names.includes(name)) || access.shares.some((share) => share.names.some((name) => names.includes(name)))
  )
}

function namesOf(principal: Principal): readonly string[] {
  return principal.user === '' ? [PROJECT_NAME, ...principal.userNames] : [PROJECT_NAME, principal.user, ...principal.userNames]
}
