import type { PayloadToken } from './payload.ts'
import type { TokenAnswerShape } from './renewal.ts'

/** How a token answer is read: RFC 6749 §5.1, and what the payload says otherwise. */
export function tokenAnswerShape(token: PayloadToken): TokenAnswerShape {
  const paths = token.paths ?? {}
  return {
    paths: {
      accessToken: paths.access_token ?? '/access_token',
      refreshToken: paths.refresh_token ?? '/refresh_token',
      expiresIn: paths.expires_in ?? '/expires_in',
      ...(paths.refresh_token_expires_in === undefined ? {} : { refreshTokenExpiresIn: paths.refresh_token_expires_in }),
      scope: paths.scope ?? '/scope',
      tokenType: paths.token_type ?? '/token_type',
    },
    expiresInUnit: token.expires_in_unit ?? 's',
    ...(token.default_expires_in === undefined ? {} : { defaultExpiresIn: token.default_expires_in }),
    ...(token.ok === undefined ? {} : { ok: { path: token.ok } }),
    invalidGrantCodes: [...new Set(['invalid_grant', ...(token.invalid_grant_codes ?? [])])],
    ...(paths.error === undefined ? {} : { errorPath: paths.error }),
    ...(token.error_codes === undefined ? {} : { errorCodes: token.error_codes }),
  }
}
