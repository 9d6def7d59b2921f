import { CodedError, isCoded } from '@credence/errors'
import type { Pass } from '@credence/proto/identity'
import { callAs, type Principal, servicePrincipal } from '@credence/rpc'
import { present, type Services } from '../../services.ts'
import { actorFor, requireScope } from '../create-session.ts'

export interface IdentityParts {
  readonly services: Services
  readonly publicUrl: string
}

export interface GivenAnswers {
  readonly challenge: string
  /** Wiped by whoever read them. */
  readonly answers: Readonly<Record<string, Buffer>>
}

/** A lookup of records waits for the team's own API. */
const TIMEOUT_MS = 20_000

/** What an agent submits for its customer. What is to be asked next says where the customer can answer himself. */
export async function answerChallenge({ services, publicUrl }: IdentityParts, principal: Principal, given: GivenAnswers): Promise<Pass> {
  requireScope(principal, 'use')
  const customer = await actorFor(services, principal, '')
  const { challenge, answers } = given
  try {
    const as = callAs(customer, { timeoutMs: TIMEOUT_MS })
    return present((await services.verifier.answerIdentity({ challenge, answers, how: 'api' }, as)).pass, 'pass')
  } catch (error) {
    throw withPage(error, publicUrl)
  }
}

/** What the customer himself submits at the page of his challenge. */
export async function answerAtPage({ services }: Pick<IdentityParts, 'services'>, { challenge, answers }: GivenAnswers): Promise<Pass> {
  const as = callAs(servicePrincipal('gateway'), { timeoutMs: TIMEOUT_MS })
  return present((await services.verifier.answerIdentity({ challenge, answers, how: 'page' }, as)).pass, 'pass')
}

function withPage(error: unknown, publicUrl: string): unknown {
  if (!isCoded(error) || error.details.identity === undefined) return error
  const { identity, ...details } = error.details
  const pageUrl = pageOf(publicUrl, identity.challenge)
  return new CodedError(error.code, error.message, { ...details, identity: { ...identity, pageUrl } })
}

export function pageOf(publicUrl: string, challenge: string): string {
  return `${publicUrl}/identity/${challenge}`
}
