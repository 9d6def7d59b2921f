import { type Answer, jsonAnswer } from '../exchange.ts'
import { type GraphWorld, type Invalidation, randomWord } from './world.ts'

/**
 * The error body of "Handling Errors" (developers.facebook.com/docs/graph-api/guides/error-handling): `message`, `type`,
 * `code`, `error_subcode`, `fbtrace_id`. A refused token comes with the challenge `OAuth "Facebook Platform" "invalid_token"`,
 * and with HTTP 400, or 401 on the WhatsApp nodes ("Cloud API error codes": 190 is 401).
 */
export class GraphError extends Error {
  readonly status: number
  readonly type: string
  readonly code: number
  readonly subcode: number | undefined

  constructor(message: string, error: { status?: number; type?: string; code: number; subcode?: number }) {
    super(message)
    this.status = error.status ?? 400
    this.type = error.type ?? 'OAuthException'
    this.code = error.code
    this.subcode = error.subcode
  }
}

/** Subcodes of "Handling Errors": 458 app not installed, 460 password changed, 463 expired, 467 invalid. */
export const INVALIDATIONS: Readonly<Record<'appRemoved' | 'passwordChanged' | 'expired' | 'loggedOut', Invalidation>> = {
  appRemoved: { subcode: 458, message: 'Error validating access token: The user has not authorized application.' },
  passwordChanged: {
    subcode: 460,
    message: 'Error validating access token: The session has been invalidated because the user changed their password.',
  },
  expired: { subcode: 463, message: 'Error validating access token: Session has expired.' },
  loggedOut: { subcode: 467, message: 'Error validating access token: The session is invalid because the user logged out.' },
}

export function refusedToken(invalid: Invalidation | undefined): GraphError {
  if (invalid === undefined) return new GraphError('Invalid OAuth access token - Cannot parse access token', { code: 190 })
  return new GraphError(invalid.message, { code: 190, subcode: invalid.subcode })
}

export function missingNode(id: string): GraphError {
  const message = `Unsupported get request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`
  return new GraphError(message, { type: 'GraphMethodException', code: 100, subcode: 33 })
}

export function missingPermission(detail: string): GraphError {
  return new GraphError(`(#200) ${detail}`, { status: 403, code: 200 })
}

export function errorAnswer(world: GraphWorld, error: GraphError, options: { readonly isWhatsapp: boolean }): Answer {
  const { message, type, code, subcode } = error
  const body = {
    message,
    type,
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    fbtrace_id: `A${randomWord(world, 22)}`,
  }
  const word = code === 190 ? 'invalid_token' : 'invalid_request'
  const challenge = { 'www-authenticate': `OAuth "Facebook Platform" "${word}" "${message}"` }
  return jsonAnswer(code === 190 && options.isWhatsapp ? 401 : error.status, { error: body }, type === 'OAuthException' ? challenge : {})
}
