import { type CodedError, ERRORS, isCoded } from '@credence/errors'
import type { HeaderInput, MintOrder, MintTarget } from '@credence/proto/mint'
import { callAs, type Principal } from '@credence/rpc'
import type { Logger } from '@credence/service'
import type { Addresses } from '../connect/addresses.ts'
import { fillHeaders, type HeaderValue } from '../intake/header-values.ts'
import { present, type Services } from '../services.ts'

export interface MintParts {
  readonly services: Pick<Services, 'registry' | 'vault'>
  readonly addresses: Addresses
  readonly log: Logger
}

/** What a backend knows of its user: the raw header values of each server. */
export interface AutoAuthentication {
  readonly userEmail: string
  readonly force: boolean
  readonly servers: readonly RequestedServer[]
}

export interface RequestedServer {
  readonly serverName: string
  readonly headers: readonly HeaderValue[]
}

/** The outcome for one server, as the API answers it. `detail` never repeats a value. */
export interface ServerResult {
  readonly status: 'authenticated' | 'already_authenticated' | 'failed'
  readonly authenticatedAt?: Date | undefined
  readonly detail?: string
}

/**
 * Several at a time, so that a page load does not wait for one after the other, no mint takes all the vault's time, and no call
 * within comes near its deadline however many servers a mint has.
 */
const SERVERS_AT_ONCE = 8
/** Each lost race means that somebody else was served. */
const MAX_TRIES = 200

/**
 * Stores the headers of each server in the slot there of the principal's user. A server that cannot be done is a result, never
 * an error. Nothing is probed: a page load waits for the answer. Answers a result for each.
 */
export async function autoAuthenticate(parts: MintParts, principal: Principal, wanted: AutoAuthentication): Promise<ServerResult[]> {
  const { servers } = wanted
  const results: ServerResult[] = []
  const earlier = new Set<string>()
  for (let from = 0; from < servers.length; from += SERVERS_AT_ONCE) {
    const group = servers.slice(from, from + SERVERS_AT_ONCE)
    const targets = await targetsOf(parts, principal, { wanted, group, earlier: [...earlier] })
    for (const { providerId } of targets) if (providerId !== '') earlier.add(providerId)
    results.push(...(await Promise.all(group.map((server, i) => resultOf(parts, principal, { wanted, server, target: targets[i] })))))
  }
  return results
}

interface Requested {
  readonly wanted: AutoAuthentication
  readonly server: RequestedServer
  readonly target: MintTarget | undefined
}

const NOT_NOW = 'The credential could not be stored now; try again'

/** What the registry says of some of the servers; where it cannot now, that is their result, and the others have theirs. */
async function targetsOf(
  { services, log }: MintParts,
  principal: Principal,
  asked: { readonly wanted: AutoAuthentication; readonly group: readonly RequestedServer[]; readonly earlier: string[] },
): Promise<readonly MintTarget[]> {
  const { wanted, group, earlier } = asked
  const { userEmail, force } = wanted
  const serverNames = group.map(({ serverName }) => serverName)
  try {
    return (await services.registry.prepareMint({ userEmail, force, serverNames, earlier }, callAs(principal))).targets
  } catch (error) {
    if (!isCoded(error) || (ERRORS[error.code].kind !== 'world' && error.code !== 'CONFLICT')) throw error
    log.failure('mint.server_failed', error)
    return group.map(() => ({ refusal: NOT_NOW, providerId: '' }))
  }
}

async function resultOf(parts: MintParts, principal: Principal, requested: Requested): Promise<ServerResult> {
  try {
    return await settle(parts, principal, requested)
  } catch (error) {
    if (!isCoded(error)) throw error
    if (ERRORS[error.code].kind === 'world') parts.log.failure('mint.server_failed', error)
    return { status: 'failed', detail: sentenceOf(error, requested.target?.order?.headers ?? []) }
  }
}

/** What the vault says of a field is told of the header that carries it. */
function sentenceOf(error: CodedError, headers: readonly HeaderInput[]): string {
  const { faults = [] } = error.details
  const headerOf = (field: string): string =>
    headers.find((input) => input.field === field || (input.form !== 'raw' && field === 'password'))?.header ?? field
  if (faults.length > 0)
    return faults
      .map(({ pointer, detail }) => `Header value for "${headerOf(pointer.slice('/fields/'.length))}" is not accepted: ${detail}`)
      .join('; ')
  return ERRORS[error.code].kind === 'world' ? NOT_NOW : error.message
}

/** Until it is stored, refused, or somebody else has stored it. What a mint before left half-way is finished here. */
async function settle(parts: MintParts, principal: Principal, { wanted, server, target: first }: Requested): Promise<ServerResult> {
  const { registry } = parts.services
  let target = present(first, 'target')
  for (let tries = 1; ; tries++) {
    const { refusal, authenticatedAt, order } = target
    if (refusal !== '') return { status: 'failed', detail: refusal }
    if (order === undefined) return { status: 'already_authenticated', authenticatedAt }
    const done = await store(parts, principal, { order, server }).catch((error: unknown) => {
      // The fence moved, or the credential was deleted in this moment: what is there now decides.
      const isMoved = isCoded(error, 'CONFLICT') || isCoded(error, 'NOT_FOUND')
      if (isMoved && tries < MAX_TRIES) return undefined
      throw error
    })
    if (done !== undefined) return done
    const again = { userEmail: wanted.userEmail, force: wanted.force, serverNames: [server.serverName], earlier: [] }
    target = present((await registry.prepareMint(again, callAs(principal))).targets[0], 'target')
  }
}

/** Undefined when another secret was in force than the order knew of. */
async function store(
  { services, addresses }: MintParts,
  principal: Principal,
  { order, server }: { readonly order: MintOrder; readonly server: RequestedServer },
): Promise<ServerResult | undefined> {
  const { registry, vault } = services
  const { credentialId, recipeId, access, expectedVersion, providerId } = order
  using filled = fillHeaders(order.headers, server.headers)
  if (filled.problems.length > 0) return { status: 'failed', detail: filled.problems.join('; ') }
  const as = callAs(principal)
  const { stored, candidateId, version, generation, plainFields } = await vault.seal(
    { credentialId, recipeId, plainFields: filled.plain, secretFields: filled.secret, inForce: { access, expectedVersion } },
    as,
  )
  await addresses.remember({ id: credentialId, project: principal.project, user: principal.user, providerId })
  const { authenticatedAt } = await registry.finishMint({ order, candidateId, version, generation, plainFields }, as)
  return stored ? { status: 'authenticated', authenticatedAt } : undefined
}
