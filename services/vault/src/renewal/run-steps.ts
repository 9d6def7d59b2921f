import { isCoded } from '@credence/errors'
import { ASSERTION, END, type Extraction, type RecipeStep, type StepsRenewal } from '@credence/provider/renewal'
import { parseRetryAfter, type TokenAnswer } from '@credence/refresh-protocol'
import { span } from '@credence/service'
import { causeOf, MOST_ANSWER_BYTES, readAll } from '../grant/token-endpoint.ts'
import { signedAssertion } from './assertion.ts'
import type { Exchange, RenewalPorts, Renewed } from './renewed.ts'
import { extracted, lifeOf, meaningOf, type StepAnswer } from './step-answer.ts'
import { stepRequest } from './step-request.ts'

type Steps = Exchange<StepsRenewal>

/** What an exchange has on its way; wiped with it, but for what is handed over. */
interface Way {
  readonly values: Map<string, Uint8Array>
  readonly obtained: Map<string, Buffer>
  /** The earliest end that a step stated, in seconds from now. */
  lifeS?: number | undefined
}

/** Carries the declared calls out, each at most once: jumps lead forward only, and one deadline holds for all. */
export async function runSteps(ports: RenewalPorts, exchange: Steps): Promise<Renewed> {
  const { steps, assertion } = exchange.renewal
  const way: Way = { values: new Map(exchange.fields), obtained: new Map() }
  const until = ports.clock.monotonicMs() + exchange.deadlineMs
  const signed = assertion === undefined ? undefined : signedAssertion(assertion, { values: exchange.fields, ...ports })
  if (signed !== undefined) way.values.set(ASSERTION, signed)
  let ended: Renewed | undefined
  let at = ''
  try {
    for (let i = 0; ended === undefined && i < steps.length; ) {
      at = steps[i]!.name
      const went = await goStep(ports, exchange, { step: steps[i]!, way, until })
      if ('ended' in went) ended = went.ended
      else i = went.to === undefined ? i + 1 : went.to === END ? steps.length : steps.findIndex(({ name }) => name === went.to)
    }
    ended ??= obtainedBy(way)
    return ended
  } catch (error) {
    if (!isCoded(error)) throw error
    return { kind: 'not_sent', step: at, ...causeOf(error) }
  } finally {
    signed?.fill(0)
    if (ended?.kind !== 'answered' || ended.parsed.answer.kind !== 'tokens') for (const value of way.obtained.values()) value.fill(0)
  }
}

function obtainedBy({ obtained, lifeS }: Way): Renewed {
  const answer: TokenAnswer = { kind: 'tokens', status: 200, refreshToken: 'absent' }
  return { kind: 'answered', parsed: { answer, obtained, ...(lifeS === undefined ? {} : { expiresInS: lifeS }) } }
}

type Went = { readonly ended: Renewed } | { readonly to?: string }

async function goStep(ports: RenewalPorts, exchange: Steps, at: { step: RecipeStep; way: Way; until: number }): Promise<Went> {
  const { step, way } = at
  const answer = await callStep(ports, exchange, at)
  try {
    const meaning = meaningOf(step, answer.status)
    if (meaning === 'unexpected') return refused(step, answer, ports.clock.now())
    if (meaning !== 'expected' && meaning.does === 'fail') return failed(step, answer, meaning.sentence)
    // What was only passed through obtained nothing that could end.
    const lifeS = meaning === 'expected' || meaning.extract.length > 0 ? lifeOf(step, answer, ports.clock.now()) : undefined
    if (lifeS !== undefined) way.lifeS = Math.min(way.lifeS ?? lifeS, lifeS)
    if (meaning === 'expected') return take(way, { step, answer, extract: step.extract })
    return take(way, { step, answer, extract: meaning.extract, ...(meaning.to === undefined ? {} : { to: meaning.to }) })
  } finally {
    answer.body.fill(0)
  }
}

function take(way: Way, at: { step: RecipeStep; answer: StepAnswer; extract: readonly Extraction[]; to?: string }): Went {
  const { values, missing } = extracted(at.answer, at.extract)
  for (const [name, value] of values) {
    way.obtained.get(name)?.fill(0)
    way.obtained.set(name, value)
    way.values.set(name, value)
  }
  if (missing === undefined) return at.to === undefined ? {} : { to: at.to }
  const answer: TokenAnswer = { kind: 'unreadable', status: at.answer.status, mayHoldToken: false }
  return { ended: { kind: 'answered', parsed: { answer }, refusal: { step: at.step.name, missing } } }
}

/** Its author says that this status is final: no second try would change it. */
function failed(step: RecipeStep, { status }: StepAnswer, sentence: string | undefined): Went {
  const answer: TokenAnswer = { kind: 'error', status, code: 'step_refused', descriptor: `${step.name} ${status}` }
  const refusal = { step: step.name, ...(sentence === undefined ? {} : { sentence }) }
  return { ended: { kind: 'answered', parsed: { answer }, refusal } }
}

/** A 401 speaks of what was sent; what other statuses mean nobody said, so it is tried again. */
function refused(step: RecipeStep, { status, headers }: StepAnswer, now: number): Went {
  const retryAfter = headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  const retryAfterMs = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, now)
  const answer: TokenAnswer = {
    kind: 'error',
    status,
    code: status === 401 ? 'unauthorized' : 'unexpected_status',
    ...(status === 401 ? { ofGrant: true } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  return { ended: { kind: 'answered', parsed: { answer }, refusal: { step: step.name } } }
}

async function callStep(
  { egress, random, clock }: RenewalPorts,
  { project, recipe, plain, hosts, beforeWrite }: Steps,
  { step, way, until }: { step: RecipeStep; way: Way; until: number },
): Promise<StepAnswer> {
  using request = stepRequest(step, { recipe, plain, values: way.values, random })
  const answer = await span('vault.step', { method: step.method }, () =>
    egress.send({
      project,
      method: step.method,
      url: request.url,
      hosts,
      headers: request.headers,
      secrets: request.secrets,
      ...(request.body === undefined ? {} : { body: request.body }),
      deadlineMs: Math.max(until - clock.monotonicMs(), 1),
      maxResponseBytes: MOST_ANSWER_BYTES,
      ...(beforeWrite === undefined ? {} : { beforeWrite }),
    }),
  )
  return { status: answer.status, headers: answer.headers, body: await readAll(answer.body) }
}
