import type { Egress } from '@credence/egress'
import { newPlaceholder } from '@credence/egress'
import { CodedError, type ErrorCode, isCoded } from '@credence/errors'
import { secretBuffer } from '@credence/secret'
import type { Random } from '@credence/service'
import type { RawTokenAnswer } from './token-answer.ts'
import { type TokenParameter, type TokenStyle, tokenRequest } from './token-request.ts'

/** Answers of token, revocation and user-info endpoints are small; more is not one of them. */
export const MOST_ANSWER_BYTES: number = 10 * 1024 * 1024

export interface TokenPost {
  readonly project: string
  readonly url: string
  readonly hosts: readonly string[]
  readonly parameters: readonly TokenParameter[]
  /** Absent: none is named. */
  readonly client?: { readonly oauthClientId: string; readonly secret: Uint8Array }
  readonly style: TokenStyle
  /** From now to the last byte of the answer. */
  readonly deadlineMs: number
  /** In the tick that writes the first byte; a throw means that nothing was sent. */
  readonly beforeWrite?: () => void
  readonly failpoint?: (name: string) => void
}

/** What became of one POST. `lost`: bytes went out and no whole answer came back. */
export type TokenPostResult =
  | { readonly kind: 'answered'; readonly raw: RawTokenAnswer }
  | { readonly kind: 'not_sent'; readonly cause: string; readonly code?: ErrorCode }
  | { readonly kind: 'lost'; readonly cause: string; readonly code?: ErrorCode }

/** Sends one POST, once: no retry, no redirect, one hard deadline. Every secret of it is wiped before this resolves. */
export async function postToken(egress: Egress, post: TokenPost, random: Random): Promise<TokenPostResult> {
  const request = tokenRequest(post.parameters, post.client, post.style)
  const placeholder = newPlaceholder(random)
  const authorization = request.authorization === undefined ? [] : [['authorization', placeholder] as const]
  const secrets = request.authorization === undefined ? [] : [{ placeholder, bytes: request.authorization }]
  let wrote = false
  try {
    const answer = await egress.send({
      project: post.project,
      method: 'POST',
      url: post.url,
      hosts: post.hosts,
      headers: [...request.headers, ...authorization],
      secrets,
      body: request.body,
      deadlineMs: post.deadlineMs,
      maxResponseBytes: MOST_ANSWER_BYTES,
      beforeWrite: () => {
        post.beforeWrite?.()
        wrote = true
      },
    })
    post.failpoint?.('FP4')
    const body = await readAll(answer.body)
    post.failpoint?.('FP5')
    const retryAfter = answer.headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
    return { kind: 'answered', raw: { status: answer.status, body, ...(retryAfter === undefined ? {} : { retryAfter }) } }
  } catch (error) {
    // Only what egress says was not sent counts as not sent: anything unclear after the write hook is lost.
    const notSent = isCoded(error) ? error.details.facts?.sent === 'no' || !wrote : !wrote
    return { kind: notSent ? 'not_sent' : 'lost', ...causeOf(error) }
  } finally {
    request.body.fill(0)
    request.authorization?.fill(0)
  }
}

/** Whole in one buffer of its own, so that one `fill` wipes it; the chunks are wiped here. */
export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  const whole = secretBuffer(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
    chunk.fill(0)
  }
  return whole
}

/** Why no answer came, and the code where it is one of ours. */
export function causeOf(error: unknown): { readonly cause: string; readonly code?: ErrorCode } {
  if (!isCoded(error)) return { cause: 'unknown' }
  return { cause: error.details.facts?.cause ?? error.code.toLowerCase(), code: error.code }
}

/** The error for a caller whose token request did not get an answer. */
export function unanswered(result: Exclude<TokenPostResult, { kind: 'answered' }>): CodedError {
  return result.kind === 'not_sent'
    ? new CodedError('UPSTREAM_UNREACHABLE', undefined, { facts: { cause: result.cause } })
    : new CodedError('UPSTREAM_TIMEOUT')
}
