import type { CodedErrorDetails } from '@credence/errors'
import { type ErrorDetails, PreconditionFailure } from 'nice-grpc-error-details'

type Metadata = Readonly<Record<string, string>>

const FACT = 'FACT'
const CONSENT = 'CONSENT'

/**
 * What a customer is to be asked as `google.rpc.PreconditionFailure`: a violation per fact {type: FACT, subject: its name,
 * description: the question}, or per scope {type: CONSENT, subject: the scope, description: the purpose}; the rest is metadata.
 */
export function toPrecondition({ identity, consent }: CodedErrorDetails): { failure: ErrorDetails; metadata: Metadata } | undefined {
  if (identity !== undefined) {
    const { facts, attemptsLeft, challenge, expiresAt, pageUrl, capabilityId, level } = identity
    const violations = facts.map(({ name, question }) => ({ type: FACT, subject: name, description: question }))
    const metadata = { challenge, level, attemptsLeft: String(attemptsLeft), challenge_expires_at: expiresAt }
    return {
      failure: PreconditionFailure.fromPartial({ violations }),
      metadata: { ...metadata, page_url: pageUrl, capability_id: capabilityId },
    }
  }
  if (consent === undefined) return undefined
  const { capabilityId, purpose, scopes } = consent
  const subjects = scopes.length === 0 ? [''] : scopes
  const violations = subjects.map((subject) => ({ type: CONSENT, subject, description: purpose }))
  return { failure: PreconditionFailure.fromPartial({ violations }), metadata: { capability_id: capabilityId } }
}

/** The same, read back, and the metadata that is none of it. */
export function askedOf(
  extra: readonly { readonly $type: string }[],
  metadata: Metadata,
): { details: Pick<CodedErrorDetails, 'identity' | 'consent'>; metadata: Metadata } {
  const failure = extra.find((detail): detail is PreconditionFailure => detail.$type === PreconditionFailure.$type)
  const violations = failure?.violations ?? []
  const { challenge, attemptsLeft, challenge_expires_at: expiresAt = '', page_url: pageUrl = '', level = '', ...others } = metadata
  const { capability_id: capabilityId = '', ...rest } = others
  const [first] = violations
  if (challenge !== undefined) {
    const facts = violations.filter(({ type }) => type === FACT).map((it) => ({ name: it.subject, question: it.description }))
    const identity = { facts, attemptsLeft: Number(attemptsLeft), challenge, expiresAt, pageUrl, capabilityId, level }
    return { details: { identity }, metadata: rest }
  }
  if (first?.type !== CONSENT) return { details: {}, metadata }
  const scopes = violations.map(({ subject }) => subject).filter((scope) => scope !== '')
  return { details: { consent: { capabilityId, purpose: first.description, scopes } }, metadata: rest }
}
