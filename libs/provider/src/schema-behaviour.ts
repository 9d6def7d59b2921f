import { REFRESH_CLASSES } from './payload.ts'
import { answerPointer, closed, label, list, oneOf, type SchemaNode, text, url, whole } from './schema-terms.ts'

const verify: SchemaNode = closed(
  {
    method: oneOf(['GET', 'HEAD', 'POST'], 'the method of the call; GET when absent'),
    path: text('^/', 'the path below `proxy_url`, beginning with a slash', '/v1/me'),
    url: url('the whole URL, where the call does not go below `proxy_url`', 'https://accounts.example.com/me'),
    expect: list(
      whole([100, 599], 'an HTTP status'),
      { min: 1, max: 20, unique: true },
      'the statuses that prove the credential; 200 to 299 when absent',
    ),
    account_id: answerPointer("the account's id in the answer", '/data/gid'),
    account_name: answerPointer("the account's name in the answer", '/data/name'),
    ok: answerPointer('a member that is true when the call succeeded', '/ok'),
    body: { type: 'string', maxLength: 8192, description: 'the JSON body of a POST', examples: ['{}'] },
    as: oneOf(['client'], 'who makes the call: `client` for the client itself, else the credential'),
    token_parameter: text('^[A-Za-z][A-Za-z0-9_.-]{0,63}$', 'the query parameter that carries the token to prove', 'input_token'),
  },
  [],
  'the one safe read-only call that proves a credential',
)

const revoke: SchemaNode = closed(
  {
    url: url('the revocation endpoint (RFC 7009)', 'https://auth.example.com/revoke'),
    scope: oneOf(['token', 'grant'], 'what one call ends: the token alone or the whole grant; grant when absent'),
  },
  ['url'],
  'how a grant is taken back at the provider',
)

const refresh: SchemaNode = closed(
  {
    class: oneOf(REFRESH_CLASSES, 'what the provider does with a refresh token that was used before; strict when unknown'),
    grace_seconds: whole([1, 86_400], 'how long a spent refresh token still answers'),
    idle_days: whole([1, 3650], 'after how many days without use a grant dies'),
    lifetime_days: whole([1, 3650], 'after how many days a grant ends however often it is refreshed'),
    budget: closed(
      { requests: whole([1, 1000], 'how many access tokens'), seconds: whole([1, 86_400], 'within which time') },
      ['requests', 'seconds'],
      'how many access tokens one refresh token is given within a time',
    ),
    permanent_errors: list(
      label('an error code or description'),
      { max: 20, unique: true },
      'the errors that make a refusal final at once',
    ),
  },
  ['class'],
  'how the provider treats refresh tokens',
)

const token: SchemaNode = closed(
  {
    client_auth: oneOf(
      ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      'how the client proves itself; client_secret_post when absent',
    ),
    body_format: oneOf(['form', 'json'], 'the form of the request body; form when absent'),
    paths: closed(
      {
        access_token: answerPointer('the access token', '/access_token'),
        refresh_token: answerPointer('the refresh token', '/refresh_token'),
        expires_in: answerPointer('the lifetime', '/expires_in'),
        refresh_token_expires_in: answerPointer('the lifetime of the refresh token', '/refresh_token_expires_in'),
        scope: answerPointer('the granted scopes', '/scope'),
        token_type: answerPointer('the token type', '/token_type'),
        error: answerPointer('the error code', '/error/code'),
      },
      [],
      'where the parts of the token answer are',
    ),
    expires_in_unit: oneOf(['s', 'ms'], 'the unit of the lifetime; s when absent'),
    default_expires_in: whole([30, 315_360_000], 'the lifetime in seconds where the answer has none'),
    scope_separator: { type: 'string', enum: [' ', ',', '+', ';'], description: 'the character between scopes; a space when absent' },
    ok: answerPointer('a member that is true when the request succeeded', '/ok'),
    invalid_grant_codes: list(label('an error code'), { max: 20, unique: true }, 'the error codes that mean what invalid_grant means'),
    error_codes: {
      type: 'object',
      maxProperties: 30,
      additionalProperties: oneOf(
        [
          'invalid_request',
          'invalid_client',
          'unauthorized_client',
          'access_denied',
          'temporarily_unavailable',
          'server_error',
          'slow_down',
        ],
        'the code of RFC 6749 that it means',
      ),
      description: "the provider's own error codes and what they mean",
    },
  },
  [],
  'how the token endpoint differs from RFC 6749',
)

/** Definitions for what may stand on the provider or on one pattern. */
export const BEHAVIOUR_DEFS: SchemaNode = { verify, revoke, refresh, token }

export const BEHAVIOUR: SchemaNode = {
  level: oneOf(['user', 'project'], 'who a credential belongs to: each user or the project; user when absent'),
  verify: { $ref: '#/$defs/verify' },
  revoke: { $ref: '#/$defs/revoke' },
  refresh: { $ref: '#/$defs/refresh' },
  token: { $ref: '#/$defs/token' },
}
