import type { Browser } from './browser.ts'
import { sha256, tagOf } from './digest.ts'
import type { Candidate, ConnectSession } from './session.ts'

/** After so many wrong codes the session fails and its candidate is destroyed. */
export const MAX_TRIES = 3

const DIGITS = 6

/**
 * What the end page shows for this candidate: six digits for a conversation, 256 bits for a return address. It is made
 * from the browser's cookie and stored nowhere: whoever only knows the link cannot make it.
 */
export function confirmationCode(browser: Browser, session: ConnectSession, candidate: Candidate): string {
  const tag = tagOf(browser.secret, `confirm ${session.id} ${candidate.id}`)
  if (session.confirm !== 'code') return tag.toString('base64url')
  return String(tag.readUIntBE(0, 6) % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** What the session keeps of a code. Bound to the session, so that equal digits do not look equal in the store. */
export function codeHash(sessionId: string, code: string): string {
  return sha256(`${sessionId} ${code}`)
}

/** Digits as people send them: with spaces or a dash between. */
export function tidyCode(session: ConnectSession, code: string): string {
  return session.confirm === 'code' ? code.replace(/[\s-]/g, '') : code.trim()
}
