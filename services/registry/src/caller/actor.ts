import type { Scope } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { type Principal, type RpcContext, servicePrincipal } from '@credence/rpc'
import type { UserRef } from '../credential/parent.ts'
import type { Registry } from '../registry.ts'
import { foldedName, resolveUser } from './resolve-user.ts'

/** Who asks, as use cases see him: the principal with its user looked up. */
export interface Actor {
  readonly project: string
  readonly subject: string
  readonly user?: UserRef
  readonly scopes: readonly string[]
  /** A service's own order: the allow table has decided what it may do, and it sees every credential of its project. */
  readonly service: boolean
  /** A service that only has the id of something: the project is that of what it names. */
  readonly anyProject: boolean
  readonly via: string
}

/**
 * The actor of a call. A user that the principal only names is looked up, and created on first mention; that needs the
 * scope `act_for` (SCOPE_REQUIRED).
 */
export async function actorOf(registry: Registry, context: Pick<RpcContext, 'principal' | 'from'>): Promise<Actor> {
  const { principal, from } = context
  const { subject, scopes, via } = principal
  const service = from !== 'caller' && subject.startsWith('service:')
  const anyProject = service && principal.project === ''
  const project = anyProject ? registry.defaultProject : principal.project
  const user = await userOf(registry, { ...principal, project }, service)
  return { project, subject, scopes, service, anyProject, via, ...(user === undefined ? {} : { user }) }
}

async function userOf(registry: Registry, principal: Principal, service: boolean): Promise<UserRef | undefined> {
  const names = principal.userNames.map((name) => foldedName(name, '/credence-user'))
  if (principal.user !== '') {
    if (names.length > 0) return { id: principal.user, names: names.filter((name) => !name.startsWith('usr_')) }
    return resolveUser(registry, principal.project, { names: [foldedName(principal.user, '/credence-user')], create: false })
  }
  if (names.length === 0) return undefined
  if (!service && !principal.scopes.includes('act_for')) {
    throw new CodedError('SCOPE_REQUIRED', 'To send `Credence-User` a key needs the scope `act_for`.')
  }
  return resolveUser(registry, principal.project, { names, create: true })
}

/** Throws SCOPE_REQUIRED unless the actor has one of the scopes. */
export function needScope(actor: Actor, ...anyOf: readonly Scope[]): void {
  if (actor.service || anyOf.some((scope) => actor.scopes.includes(scope))) return
  const names = anyOf.map((scope) => `\`${scope}\``).join(' or ')
  throw new CodedError('SCOPE_REQUIRED', `This needs the scope ${names}.`, { facts: { scope: anyOf.join(' ') } })
}

/** The principal under which the vault carries out what this actor asked for. */
export function orderOf(actor: Actor, project: string): Principal {
  if (actor.service) return { ...servicePrincipal('registry', project), subject: actor.subject }
  const { subject, scopes, via, user } = actor
  return { project, subject, user: user?.id ?? '', userNames: user?.names ?? [], roles: [], scopes, via }
}

/** The registry's own background order. */
export function ownOrder(project: string): Principal {
  return servicePrincipal('registry', project)
}

/** The registry itself, where nobody asks. */
export function ownActor(project: string): Actor {
  const { subject, scopes, via } = servicePrincipal('registry', project)
  return { project, subject, scopes, service: true, anyProject: false, via }
}

/** Who did it, for facts and history: the person where one is known, else the key or the service. */
export function actorName(actor: Actor): string {
  return actor.service ? actor.subject : actor.subject || (actor.user?.id ?? '')
}
