import { isId } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import type { CreateSessionRequest } from '@credence/proto/gateway'
import type { Project } from '@credence/proto/registry'
import type { Setup } from '@credence/proto/setup'
import { callAs, type Principal } from '@credence/rpc'
import type { Clock, Random } from '@credence/service'
import type { Stored } from '@credence/store'
import { present, projectOf, type Services, userOf } from '../services.ts'
import type { Claims } from './claims.ts'
import { newToken, sha256 } from './digest.ts'
import type { Ending } from './fail-session.ts'
import { type Offer, offered, offerOf } from './offer.ts'
import { CONFIRMS, type Confirm, type ConnectSession, type Opener } from './session.ts'
import { SESSION_LIFE_MS, type SessionStore, unlessChanged } from './session-store.ts'
import { reportSetup, setupToConnect } from './setup-step.ts'

/** What sessions are made with. */
export interface SessionCreation {
  readonly services: Services
  readonly sessions: SessionStore
  readonly claims: Claims
  readonly ending: Ending
  readonly clock: Clock
  readonly random: Random
  readonly publicUrl: string
}

export type NewSession = Pick<
  CreateSessionRequest,
  'providerId' | 'pattern' | 'credentialId' | 'user' | 'label' | 'level' | 'confirm' | 'returnUrl' | 'scopes' | 'requestId'
> & {
  readonly capabilityId?: string
  /** The connect step of this setup: provider, pattern and label are the setup's. */
  readonly setupId?: string
  /** A page of the console to come back to; ours, so it is asked of no list. */
  readonly homeUrl?: string
}

const MAX_LABEL = 200

/**
 * Makes a session for a user and the link to its page. Throws SCOPE_REQUIRED without the scope `sessions`, for another
 * user without `act_for`, and for a project credential by somebody who is no administrator; USER_REQUIRED without a user;
 * INVALID_REQUEST with every fault at once.
 */
export async function createSession(
  parts: SessionCreation,
  principal: Principal,
  asked: NewSession & { readonly anonymous?: boolean; readonly opener?: Opener },
): Promise<{ session: ConnectSession; link: string }> {
  requireScope(principal, 'sessions')
  const { setupId = '' } = asked
  const setup = setupId === '' ? undefined : await setupToConnect(parts.services, principal, setupId)
  const before = setup?.sessionId ? await parts.sessions.get(setup.sessionId) : undefined
  const request = setup === undefined ? asked : { ...asked, ...stepOf(setup, asked) }
  const creator = await actorFor(parts.services, principal, request.user)
  if (request.level === 'project') requireScope(principal, 'project')
  const { registry } = parts.services
  const as = callAs(creator)
  const credential =
    request.credentialId === ''
      ? undefined
      : present((await registry.get({ credentialId: request.credentialId }, as)).credential, 'credential')
  const providerId = request.providerId || (credential?.providerId ?? '')
  if (!isId('prov', providerId)) throw faulty([fault('/provider_id', 'MISSING', 'Name the provider by its id, `prov_…`.')])
  const [project, provider] = await Promise.all([
    projectOf(parts.services, principal.project),
    registry.getProvider({ providerId }, as).then((answer) => present(answer.provider, 'provider')),
  ])
  const offer = offerOf(provider.payloadJson, { providerId, version: provider.version })
  const settled = settle(
    { ...request, pattern: request.pattern ?? credential?.pattern },
    { project, offer, creator, reconnects: credential !== undefined, fromWidget: request.opener !== undefined },
  )
  const made = await write(parts, creator, request, {
    ...settled,
    project: principal.project,
    creator,
    user: creator.user,
    providerId,
    label: request.label || (credential?.label ?? ''),
    level: request.level || (credential?.level ?? ''),
    ...(credential === undefined ? {} : { credentialId: credential.id }),
    ...(request.capabilityId ? { capabilityId: request.capabilityId } : {}),
    ...(request.anonymous === undefined ? {} : { anonymous: request.anonymous }),
    ...(request.opener === undefined ? {} : { confirm: 'widget' as const, opener: request.opener }),
    ...(setup === undefined ? {} : { setupId: setup.id, ...keptOf(before, { user: creator.user, providerId }) }),
    ...(request.homeUrl === undefined ? {} : { returnUrl: request.homeUrl }),
  })
  if (setup !== undefined) await takeStep(parts, made.session, { setup, before })
  return made
}

/** What the person typed at the session before it and is plain, with why it was refused; a secret was never kept. */
function keptOf(
  before: ConnectSession | undefined,
  { user, providerId }: { readonly user: string; readonly providerId: string },
): Pick<ConnectSession, 'lastTry'> {
  if (before?.lastTry === undefined || before.user !== user || before.providerId !== providerId) return {}
  return { lastTry: before.lastTry }
}

/** What a session for a setup takes from it; whoever it is for is whose setup it is, unless somebody else is named. */
function stepOf(setup: Setup, asked: NewSession): Partial<NewSession> {
  const { providerId, pattern, label, level, user } = setup
  return { providerId, pattern, label: asked.label || label, level: asked.level || level, user: asked.user || user, credentialId: '' }
}

/** The session before it, if there is one, is over: two ways at once would be two credentials. */
async function takeStep(
  parts: SessionCreation,
  session: ConnectSession,
  { setup, before }: { readonly setup: Setup; readonly before: Stored<ConnectSession> | undefined },
): Promise<void> {
  await reportSetup(parts.services, session.project, { setupId: setup.id, sessionId: session.id, event: 'session' })
  if (before === undefined || before.id === session.id) return
  const end = { state: 'cancelled', code: 'cancelled', detail: 'Another session was started for the same setup.' } as const
  await parts.ending.end(before, end)
}

type Draft = Omit<
  ConnectSession,
  'id' | 'v' | 'outbox' | 'factSeq' | 'state' | 'linkHashes' | 'createdAt' | 'expiresAt' | 'sweepAt' | 'spentStates'
>

async function write(
  parts: SessionCreation,
  creator: Principal,
  request: NewSession,
  draft: Draft,
): Promise<{ session: ConnectSession; link: string }> {
  const { sessions, claims, clock, random } = parts
  const fresh = sessions.newId()
  const { requestId } = request
  const key = { project: draft.project, caller: creator.subject, requestId }
  const id = requestId === '' ? fresh : await claims.take(key, { ...request, user: draft.user }, fresh)
  const token = newToken(random)
  const link = `${parts.publicUrl}/connect/${token}`
  const known = id === fresh ? undefined : await sessions.get(id)
  if (known !== undefined) {
    // The first answer's link may be in somebody's hands: it goes on working beside the new one.
    const again = await unlessChanged(sessions.change(known, { linkHashes: [...known.linkHashes, sha256(token)] }))
    if (again === undefined) throw new CodedError('CONFLICT')
    return { session: again, link }
  }
  const expiresAt = new Date(clock.now() + SESSION_LIFE_MS)
  const { credentialId: credential_id, providerId: provider_id, confirm } = draft
  const session = await sessions.insert(
    {
      ...draft,
      id,
      state: 'open',
      linkHashes: [sha256(token)],
      spentStates: [],
      createdAt: new Date(clock.now()),
      expiresAt,
      sweepAt: expiresAt,
    },
    [{ type: 'session.started', data: { actor: creator.subject, credential_id, provider_id, confirm, expires_at: expiresAt } }],
  )
  return { session, link }
}

/** The caller with the user that the session is for. */
export async function actorFor(services: Services, principal: Principal, named: string): Promise<Principal> {
  const name = named || principal.user || principal.userNames[0]
  if (name === undefined || name === '') throw new CodedError('USER_REQUIRED')
  if (name === principal.user) return principal
  const own = principal.userNames.includes(name) && named === ''
  const user = await resolveUser(services, principal, name)
  if (user.user !== principal.user && !own) requireScope(principal, 'act_for')
  return { ...principal, user: user.user, userNames: user.userNames }
}

/** A stranger without `act_for` must not make users come into being by naming them. */
async function resolveUser(services: Services, principal: Principal, name: string): Promise<Principal> {
  if (principal.user === '') requireScope(principal, 'act_for')
  return userOf(services, principal, [name])
}

interface Known {
  readonly project: Project
  readonly offer: Offer
  readonly creator: Principal
  readonly reconnects: boolean
  /** Its person is proven by the page that opens it, whatever the project's setting. */
  readonly fromWidget: boolean
}

/** The members that follow from the project and the provider; every fault of the request at once. */
function settle(request: NewSession, known: Known): Pick<ConnectSession, 'confirm' | 'returnUrl' | 'scopes' | 'wantedPattern'> {
  const { project, offer } = known
  const faults: Fault[] = []
  const confirm = (known.fromWidget ? 'widget' : request.confirm || project.confirm || 'host') as Confirm
  if (!known.fromWidget && !CONFIRMS.some((word) => word === confirm))
    faults.push(fault('/confirm', 'NOT_ALLOWED', 'Write `host`, `code`, `login` or `none`.'))
  if (confirm === 'none' && project.confirm !== 'none') {
    faults.push(
      fault('/confirm', 'NOT_ALLOWED', 'The project must allow sessions without confirmation first: set its `confirm` to `none`.'),
    )
  }
  if (request.returnUrl !== '' && !project.returnUrls.includes(request.returnUrl)) {
    faults.push(fault('/return_url', 'NOT_ALLOWED', "Write one of the project's `return_urls`, letter by letter."))
  }
  if (confirm === 'host' && request.returnUrl === '') {
    faults.push(
      fault('/return_url', 'MISSING', "With `confirm: host` the one-time code travels by it: write one of the project's `return_urls`."),
    )
  }
  if (!['', 'user', 'project'].includes(request.level)) faults.push(fault('/level', 'NOT_ALLOWED', 'Write `user` or `project`.'))
  if (request.label.length > MAX_LABEL) faults.push(fault('/label', 'TOO_LONG', `Write at most ${MAX_LABEL} characters.`))
  const wantedPattern = patternOf(request, known, faults)
  faults.push(...scopeFaults(request.scopes, offer))
  if (faults.length > 0) throw faulty(faults)
  return {
    confirm,
    scopes: request.scopes,
    ...(request.returnUrl === '' ? {} : { returnUrl: request.returnUrl }),
    ...(wantedPattern === undefined ? {} : { wantedPattern }),
  }
}

function patternOf({ pattern: wanted, level }: NewSession, known: Known, faults: Fault[]): number | undefined {
  const { offer, reconnects, creator } = known
  const mine = reconnects ? offer.patterns : offered(offer, { level, scopes: creator.scopes })
  if (wanted === undefined && mine.length > 0) return mine.length === 1 ? mine[0]?.index : undefined
  if (wanted === undefined || wanted < offer.patterns.length) {
    // Said before the person types anything, not after.
    if (!mine.some(({ index }) => index === wanted)) requireScope(creator, 'project')
    return wanted
  }
  // The pattern of an old credential may be gone from the newest version: the person then picks anew.
  if (!reconnects) faults.push(fault('/pattern', 'NOT_ALLOWED', `The provider has patterns 0 to ${offer.patterns.length - 1}.`))
  return undefined
}

function scopeFaults(scopes: readonly string[], { payload }: Offer): Fault[] {
  const known = new Set(
    payload.auth_patterns.flatMap((pattern) => (pattern.oauth_config?.available_scopes ?? []).map(({ scope }) => scope)),
  )
  return scopes.flatMap((scope, i) =>
    known.has(scope) ? [] : [fault(`/scopes/${i}`, 'NOT_ALLOWED', "Write a scope of the provider's `available_scopes`.")],
  )
}

export function requireScope(principal: Principal, scope: string): void {
  if (!principal.scopes.includes(scope)) throw new CodedError('SCOPE_REQUIRED', `This needs the scope \`${scope}\`.`)
}

function fault(pointer: string, code: string, detail: string): Fault {
  return { pointer, code, detail }
}

function faulty(faults: readonly Fault[]): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}
