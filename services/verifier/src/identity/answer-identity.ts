import { newId, SECURITY_LEVELS } from '@credence/credential'
import { CodedError, type CodedErrorDetails, type Fault, isCoded } from '@credence/errors'
import { addFacts, type NewFact } from '@credence/events'
import type { Principal } from '@credence/rpc'
import { refused } from './challenge.ts'
import { changeStanding } from './change-standing.ts'
import type { Gate, IdentityContext } from './identity-context.ts'
import { NO_PAUSE, pausedAfter, pauseLeftMs } from './lookup-pause.ts'
import { challengeOf } from './open-challenge.ts'
import { attemptsLeft, counted, type firstStanding, type GrantedPass, givenBack, passed, type Standing, standingAt } from './standing.ts'

export interface Answering {
  readonly challenge: string
  readonly answers: Readonly<Record<string, Buffer>>
  /** `page`: the customer himself, who is known by the challenge alone. */
  readonly how: 'page' | 'api'
}

const MOST_ANSWER_BYTES = 400
/** The vault says of these that nothing was compared. After any other failure nobody knows, and the attempt stays counted. */
const NOT_COMPARED = [
  'RECORDS_UNAVAILABLE',
  'CONFLICT',
  'INVALID_REQUEST',
  'NOT_FOUND',
  'AUDIT_UNAVAILABLE',
  'CREDENTIAL_QUARANTINED',
] as const

/**
 * One attempt: counted, compared, and a pass where every answer is right. Throws IDENTITY_MISMATCH with what is to be asked next,
 * IDENTITY_LOCKED, CHALLENGE_REFUSED, RECORDS_UNAVAILABLE, which costs nothing, and INVALID_REQUEST before anything is counted.
 */
export async function answerIdentity(
  context: IdentityContext,
  principal: Principal,
  { challenge, answers, how }: Answering,
): Promise<{ pass: GrantedPass; standing: Standing }> {
  const terms = context.challenges.read(challenge, context.clock.now())
  const isHis = how === 'page' || (principal.project === terms.project && principal.user === terms.user)
  if (!isHis) throw refused()
  const gate = await context.peers.gate(terms.project, terms)
  if (gate.version !== terms.version || gate.level !== terms.level) throw refused()
  refuseAnswers(gate, { answers, how })
  const actor = how === 'page' ? terms.user : principal.subject
  const mine = await count(context, gate, { ...terms, serial: terms.serial })
  const attempt: Attempt = { gate, mine, actor }
  const { project, capability, user } = terms
  const order = { capability, user, names: gate.names, answers, version: terms.version, how }
  let matched: boolean
  try {
    matched = await context.peers.match(project, order)
  } catch (error) {
    throw await notCompared(context, attempt, error)
  }
  if (!matched) throw await mismatch(context, attempt)
  return grant(context, attempt)
}

interface Attempt {
  readonly gate: Gate
  /** As it was written for this attempt. */
  readonly mine: Standing
  readonly actor: string
}

/** Faults name facts, and whether an answer is there: never what it is. */
function refuseAnswers({ facts, pageOnly }: Gate, { answers, how }: Pick<Answering, 'answers' | 'how'>): void {
  const faults: Fault[] = []
  const refuse = (name: string, code: string, detail: string): void => void faults.push({ pointer: `/answers/${name}`, code, detail })
  for (const { name } of facts) {
    const size = answers[name]?.byteLength ?? 0
    if (size === 0) refuse(name, 'MISSING', 'Send an answer to every question.')
    if (size > MOST_ANSWER_BYTES) refuse(name, 'TOO_LONG', `Send at most ${MOST_ANSWER_BYTES} bytes.`)
  }
  const strange = Object.keys(answers).filter((name) => !facts.some((fact) => fact.name === name)).length
  // A name that was not asked for is whatever was sent: it is not repeated.
  if (strange > 0)
    faults.push({
      pointer: '/answers',
      code: 'UNKNOWN_MEMBER',
      detail: `Send answers to ${facts.map(({ name }) => name).join(', ')} alone.`,
    })
  if (pageOnly && how !== 'page')
    faults.push({ pointer: '/challenge', code: 'NOT_ALLOWED', detail: 'The customer answers himself: show him `page_url`.' })
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

/** I1, I2, I3. Throws CHALLENGE_REFUSED for a challenge of an attempt that was made already, IDENTITY_LOCKED, RECORDS_UNAVAILABLE. */
async function count(
  context: IdentityContext,
  gate: Gate,
  terms: Parameters<typeof firstStanding>[0] & { serial: number },
): Promise<Standing> {
  const { clock } = context
  return changeStanding(context, terms, (before) => {
    const doc = standingAt(before, clock.now())
    if (doc.lockedUntil !== undefined) throw locked(context, doc.lockedUntil)
    if (doc.serial !== terms.serial) throw refused()
    if (pauseLeftMs(doc, clock.now()) > 0) throw unavailable(context, gate, { doc, facts: { cause: 'failed_before' } })
    return counted(doc, gate.level, clock.now())
  })
}

function locked({ clock }: IdentityContext, until: Date): CodedError {
  return new CodedError('IDENTITY_LOCKED', undefined, { retryAfterMs: Math.max(until.getTime() - clock.now(), 1) })
}

async function notCompared(context: IdentityContext, { gate, mine }: Attempt, error: unknown): Promise<unknown> {
  if (!NOT_COMPARED.some((code) => isCoded(error, code))) return error
  const isLookup = isCoded(error, 'RECORDS_UNAVAILABLE')
  const doc = await changeStanding(context, mine, (before) => ({
    ...givenBack(before, mine),
    ...(isLookup ? pausedAfter(before, context.clock.now()) : {}),
  }))
  if (isLookup) return unavailable(context, gate, { doc, facts: error.details.facts ?? {} })
  return isCoded(error, 'CONFLICT') || isCoded(error, 'NOT_FOUND') ? refused() : error
}

const RETRY_MS = 5_000

function unavailable(
  context: IdentityContext,
  gate: Gate,
  { doc, facts }: { readonly doc: Standing; readonly facts: CodedErrorDetails['facts'] & object },
): CodedError {
  const retryAfterMs = Math.max(pauseLeftMs(doc, context.clock.now()), RETRY_MS)
  return new CodedError('RECORDS_UNAVAILABLE', undefined, { ...askedAgain(context, gate, doc), retryAfterMs, facts })
}

/** What is to be asked next; the address of the page is put in by whoever has it. */
function askedAgain(context: IdentityContext, gate: Gate, doc: Standing): Pick<CodedErrorDetails, 'identity'> {
  const { challenge, expiresAt, capabilityId, level } = challengeOf(context, gate, standingAt(doc, context.clock.now()))
  const facts = gate.facts.map(({ name, question }) => ({ name, question }))
  const left = attemptsLeft(doc, gate.level)
  return { identity: { facts, attemptsLeft: left, challenge, expiresAt: expiresAt?.toISOString() ?? '', pageUrl: '', capabilityId, level } }
}

async function mismatch(context: IdentityContext, { gate, mine, actor }: Attempt): Promise<CodedError> {
  const { user, capability, used, lockedUntil, project } = mine
  const data = { actor, owner: user, capability_id: capability, level: gate.level, attempts: used }
  const facts: NewFact[] = [{ type: 'identity.failed', data }]
  if (lockedUntil !== undefined) facts.push({ type: 'identity.locked', data: { ...data, until: lockedUntil } })
  const doc = await changeStanding(context, mine, (before) => told(context, { ...before, ...NO_PAUSE }, facts))
  context.nudge()
  const outcome = lockedUntil === undefined ? 'IDENTITY_MISMATCH' : 'IDENTITY_LOCKED'
  await context.peers.report(project, { capability, user, outcome, actor })
  const now = standingAt(doc, context.clock.now())
  if (now.lockedUntil !== undefined) return locked(context, now.lockedUntil)
  return new CodedError('IDENTITY_MISMATCH', undefined, askedAgain(context, gate, now))
}

async function grant(context: IdentityContext, { gate, mine, actor }: Attempt): Promise<{ pass: GrantedPass; standing: Standing }> {
  const { clock, random } = context
  const { user, capability, used, project } = mine
  const now = clock.now()
  const expiresAt = new Date(now + SECURITY_LEVELS[gate.level].passMinutes * 60_000)
  const id = newId('pass', (bytes) => random.bytes(bytes))
  const pass: GrantedPass = { id, version: gate.version, grantedAt: new Date(now), expiresAt }
  const data = { actor, owner: user, capability_id: capability, level: gate.level, attempts: used, expires_at: expiresAt }
  const standing = await changeStanding(context, mine, (before) =>
    told(context, passed(before, pass, gate.names), [{ type: 'identity.passed', data }]),
  )
  context.nudge()
  const { names, generation } = standing
  await context.peers.setPass(project, { pass, capability, names: [user, ...names], state: 'active', generation })
  await context.peers.report(project, { capability, user, outcome: 'ok', actor })
  return { pass, standing }
}

export function told({ clock, random }: IdentityContext, doc: Standing, facts: readonly NewFact[]): Standing {
  return addFacts(doc, facts, { source: 'verifier', project: doc.project, subject: doc.id, now: clock.now(), random })
}
