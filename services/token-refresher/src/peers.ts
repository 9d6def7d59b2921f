import { CodedError } from '@credence/errors'
import type { RefreshResponse, TokenTimes } from '@credence/proto/refresh'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { VaultServiceDefinition } from '@credence/proto/vault'
import type { RefreshClass, RefreshTimes, TokenAnswer } from '@credence/refresh-protocol'
import { callAs, type Peers, servicePrincipal } from '@credence/rpc'
import type { RegistryPort, VaultPort } from './credential/refresher.ts'
import type { RefreshResult, TokenFacts } from './credential/token-facts.ts'

const PAGE = 200
const READ_TIMEOUT_MS = 30_000
/** Beyond deadline and save time of the vault, for the way there and back. */
const MARGIN_MS = 5_000

export interface PeerOptions {
  readonly peers: Peers
  readonly times: RefreshTimes
  /** Cuts every call. */
  readonly signal: AbortSignal
}

export function vaultPort({ peers, times, signal }: PeerOptions): VaultPort {
  const vault = () => peers.client('vault', VaultServiceDefinition)
  const options = (project: string, timeoutMs: number) => callAs(servicePrincipal('token-refresher', project), { signal, timeoutMs })
  const list = async (request: { credentialIds?: string[]; pageSize?: number; pageToken?: string }) =>
    coded(signal, () => vault().listTokens(request, options('', READ_TIMEOUT_MS)))
  return {
    async tokens(ids) {
      // An empty list would ask for all.
      if (ids.length === 0) return []
      const { tokens } = await list({ credentialIds: [...ids] })
      return tokens.map(factsOf)
    },
    async page(pageToken) {
      const { tokens, nextPageToken } = await list({ pageSize: PAGE, pageToken })
      return { tokens: tokens.map(factsOf), nextPageToken }
    },
    async refresh({ credentialId, version, project }) {
      const request = { credentialId, expectedVersion: version, cause: 'schedule' }
      const timeoutMs = times.deadlineMs + times.saveMs + MARGIN_MS
      return resultOf(await coded(signal, () => vault().refresh(request, options(project, timeoutMs))))
    },
  }
}

export function registryPort({ peers, signal }: PeerOptions): RegistryPort {
  const registry = () => peers.client('registry', RegistryServiceDefinition)
  const as = (project: string) => callAs(servicePrincipal('token-refresher', project), { signal, timeoutMs: READ_TIMEOUT_MS })
  return {
    async markExpired({ credentialId, version, project }, reason) {
      return coded(signal, () => registry().markExpired({ credentialId, version, reason }, as(project)))
    },
    async reportHealth({ credentialId, version, project }, report) {
      await coded(signal, () => registry().reportHealth({ credentialId, version, ...report }, as(project)))
    },
  }
}

/** A call that took too long ends by its own signal, not by a status: that too is an error of ours. */
async function coded<T>(stopping: AbortSignal, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const isAbort = error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
    if (isAbort && !stopping.aborted) throw new CodedError('DEADLINE_EXCEEDED')
    throw error
  }
}

function factsOf(token: TokenTimes): TokenFacts {
  const { credentialId, project, version, hasRefreshToken } = token
  return {
    credentialId,
    project,
    version,
    hasRefreshToken,
    state: stateOf(token.state),
    refreshClass: classOf(token.refreshClass),
    clientId: token.clientId === '' ? undefined : token.clientId,
    issuedAt: token.issuedAt?.getTime(),
    expiresAt: token.expiresAt?.getTime(),
    grantedAt: token.grantedAt?.getTime(),
    grantEndsAt: token.grantEndsAt?.getTime(),
    defaultLifeMs: token.defaultLifeS === 0 ? undefined : token.defaultLifeS * 1000,
    idleLimitMs: token.idleLimitS === 0 ? undefined : token.idleLimitS * 1000,
    lastRefresh: token.lastRefresh === undefined ? undefined : resultOf(token.lastRefresh),
  }
}

function resultOf(response: RefreshResponse): RefreshResult {
  const { version, openIntent, replay, clientChanged, askUser, restored } = response
  return {
    outcome: outcomeOf(response.outcome),
    version,
    answer: answerOf(response),
    refreshClass: classOf(response.refreshClass),
    openIntent,
    replay,
    clientChanged,
    askUser,
    restored,
    waitUntil: response.waitUntil?.getTime(),
    at: response.at?.getTime(),
  }
}

function answerOf(response: RefreshResponse): TokenAnswer | undefined {
  const { httpStatus: status, errorCode: code, descriptor, ofGrant, retryAfterMs, mayHoldToken, cause } = response
  switch (response.answerKind) {
    case 'error':
      return { kind: 'error', status, code, retryAfterMs, ...(descriptor === '' ? {} : { descriptor }), ...(ofGrant ? { ofGrant } : {}) }
    case 'unreadable':
      return { kind: 'unreadable', status, mayHoldToken, retryAfterMs }
    case 'lost':
    case 'not_sent':
      return { kind: response.answerKind, cause }
    case 'tokens':
      return { kind: 'tokens', status, refreshToken: 'same' }
    default:
      return undefined
  }
}

const OUTCOMES = [
  'refreshed',
  'fresh',
  'moved',
  'failed',
  'in_doubt',
  'waiting',
  'no_refresh_token',
  'disabled',
  'not_active',
  'grant_dead',
] as const

/** A word of a newer vault is no verdict: its answer, if there is one, is judged as what came back. */
function outcomeOf(word: string): RefreshResult['outcome'] {
  return OUTCOMES.find((known) => known === word) ?? 'failed'
}

/** A provider of which nothing is known counts as strict. */
function classOf(word: string): RefreshClass {
  return word === 'static' || word === 'grace' || word === 'reject' ? word : 'strict'
}

/** No fence yet is as good as none: no call is made. */
function stateOf(word: string): TokenFacts['state'] {
  return word === 'active' || word === 'expired' || word === 'deleted' ? word : 'disabled'
}
