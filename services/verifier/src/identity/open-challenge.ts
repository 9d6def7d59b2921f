import { CodedError } from '@credence/errors'
import type { Challenge } from '@credence/proto/identity'
import { CHALLENGE_LIFE_MS } from './challenge.ts'
import type { Gate, IdentityContext } from './identity-context.ts'
import { attemptsLeft, firstStanding, type Standing, standingAt, standingId } from './standing.ts'

interface About {
  readonly project: string
  readonly capability: string
  /** Any of the customer's names. */
  readonly user: string
}

/** What the customer is to be asked now. It counts nothing and stores nothing. */
export async function openChallenge(context: IdentityContext, { project, capability, user }: About): Promise<Challenge> {
  const gate = await context.peers.gate(project, { capability, user })
  if (gate.level === 'none') throw new CodedError('CONFLICT', 'Nothing is asked any more: repeat the call.')
  const of = { project, capability, user: gate.user }
  const doc = (await context.standings.get(standingId(of), { fresh: true })) ?? firstStanding(of)
  return challengeOf(context, gate, standingAt(doc, context.clock.now()))
}

/** The same for a challenge that somebody shows: what it asks, while it can still be answered. Throws CHALLENGE_REFUSED. */
export async function readChallenge(context: IdentityContext, challenge: string): Promise<Challenge> {
  const terms = context.challenges.read(challenge, context.clock.now())
  const gate = await context.peers.gate(terms.project, terms)
  const doc = (await context.standings.get(standingId(terms), { fresh: true })) ?? firstStanding(terms)
  const isOld = doc.serial !== terms.serial || gate.version !== terms.version || gate.level !== terms.level
  if (isOld) throw new CodedError('CHALLENGE_REFUSED')
  return { ...challengeOf(context, gate, standingAt(doc, context.clock.now())), challenge, expiresAt: new Date(terms.expiresAt) }
}

/** For the attempt that follows those of this standing. */
export function challengeOf({ challenges, clock }: IdentityContext, gate: Gate, doc: Standing): Challenge {
  const { project, capability, user, serial, lockedUntil } = doc
  const { level, version } = gate
  const expiresAt = clock.now() + CHALLENGE_LIFE_MS
  return {
    challenge: challenges.issue({ project, capability, user, serial, version, level, expiresAt }),
    expiresAt: new Date(expiresAt),
    facts: [...gate.facts],
    attemptsLeft: attemptsLeft(doc, level),
    level,
    lockedUntil,
    pageOnly: gate.pageOnly,
    capabilityId: capability,
    capabilityName: gate.capabilityName,
    projectName: gate.projectName,
    user,
    consentPurpose: gate.consent.purpose,
    consentScopes: [...gate.consent.scopes],
    project,
  }
}
