/** Who must act: the caller fixes the request, the rule refuses whatever is retried, the world may answer later; the rest is our bug. */
export type Kind = 'caller' | 'rule' | 'world' | 'bug'

export type GrpcStatus =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'ABORTED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'OUT_OF_RANGE'

export interface ErrorEntry {
  readonly kind: Kind
  readonly grpc: GrpcStatus
  readonly http: number
  /** Short, the same for every occurrence: the `title` of RFC 9457. */
  readonly title: string
  /** What to do, used when the place that throws has nothing more exact to say. */
  readonly advice: string
}

const caller = (grpc: GrpcStatus, http: number, title: string, advice: string): ErrorEntry => ({
  kind: 'caller',
  grpc,
  http,
  title,
  advice,
})
const rule = (grpc: GrpcStatus, http: number, title: string, advice: string): ErrorEntry => ({ kind: 'rule', grpc, http, title, advice })
const world = (grpc: GrpcStatus, http: number, title: string, advice: string): ErrorEntry => ({ kind: 'world', grpc, http, title, advice })

/** The closed list of codes. */
export type ErrorCode =
  | 'INVALID_REQUEST'
  | 'INVALID_PROVIDER'
  | 'FIELD_REFUSED'
  | 'SECRET_REFUSED'
  | 'INVALID_PAGE_TOKEN'
  | 'INVALID_CURSOR'
  | 'REQUEST_TOO_LARGE'
  | 'UNAUTHENTICATED'
  | 'USER_REQUIRED'
  | 'SCOPE_REQUIRED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'USER_CONFLICT'
  | 'IDEMPOTENCY_CONFLICT'
  | 'CONFLICT'
  | 'CREDENTIAL_EXPIRED'
  | 'CREDENTIAL_DISABLED'
  | 'CREDENTIAL_DELETED'
  | 'CREDENTIAL_QUARANTINED'
  | 'CREDENTIAL_IN_USE'
  | 'CHANNEL_TAKEN'
  | 'ASSET_NOT_GRANTED'
  | 'CHANNEL_REQUIRED'
  | 'ILLEGAL_MOVE'
  | 'ACCOUNT_MISMATCH'
  | 'PROVIDER_IN_USE'
  | 'CAPABILITY_IN_USE'
  | 'CAPABILITY_REQUIRED'
  | 'CONNECT_REQUIRED'
  | 'IDENTITY_REQUIRED'
  | 'IDENTITY_MISMATCH'
  | 'IDENTITY_LOCKED'
  | 'CHALLENGE_REFUSED'
  | 'RECORDS_UNAVAILABLE'
  | 'CONSENT_REQUIRED'
  | 'PROXY_DISABLED'
  | 'CLIENT_MISSING'
  | 'HOST_REFUSED'
  | 'ADDRESS_REFUSED'
  | 'PATH_REFUSED'
  | 'METHOD_REFUSED'
  | 'SESSION_EXPIRED'
  | 'SESSION_REFUSED'
  | 'CONFIRMATION_WRONG'
  | 'ORIGIN_REFUSED'
  | 'SETUP_STEP'
  | 'STATE_REFUSED'
  | 'ISSUER_MISMATCH'
  | 'GRANT_DENIED'
  | 'SCOPE_MISSING'
  | 'ASSETS_MISSING'
  | 'VERIFY_FAILED'
  | 'EXCHANGE_REFUSED'
  | 'TOKEN_ENDPOINT_REFUSED'
  | 'TOKEN_ANSWER_UNUSABLE'
  | 'UPSTREAM_UNREACHABLE'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNSCRUBBABLE'
  | 'UPSTREAM_BOMB'
  | 'THROTTLED'
  | 'IN_DOUBT'
  | 'KEY_MISMATCH'
  | 'ROLLED_BACK'
  | 'AUDIT_UNAVAILABLE'
  | 'STORE_UNAVAILABLE'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'PORT_IN_USE'
  | 'INVALID_SETTING'
  | 'INTERNAL'

/** Every code with its statuses. A code that is not here does not compile; a test keeps the README equal to it. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = {
  INVALID_REQUEST: caller('INVALID_ARGUMENT', 400, 'The request is not valid', 'Correct the members named in `errors` and send it again.'),
  INVALID_PROVIDER: caller(
    'INVALID_ARGUMENT',
    400,
    'The provider payload is not valid',
    'Correct the members named in `errors`; nothing was saved.',
  ),
  FIELD_REFUSED: caller(
    'INVALID_ARGUMENT',
    400,
    'A field value cannot be used',
    'Correct the fields named in `errors`; nothing was saved.',
  ),
  SECRET_REFUSED: caller(
    'INVALID_ARGUMENT',
    400,
    'This looks like a secret',
    'Nothing was kept of it. Secrets are entered in the connect step alone; leave it out here.',
  ),
  INVALID_PAGE_TOKEN: caller('INVALID_ARGUMENT', 400, 'The page token is not valid', 'Start the list again without `page_token`.'),
  INVALID_CURSOR: caller('INVALID_ARGUMENT', 400, 'The cursor is not valid', 'Use a cursor that an event carried, or a time (RFC 3339).'),
  REQUEST_TOO_LARGE: caller(
    'RESOURCE_EXHAUSTED',
    413,
    'The request body is too large',
    'Send a smaller body, or ask the operator to raise MAX_REQUEST_BYTES.',
  ),
  UNAUTHENTICATED: caller(
    'UNAUTHENTICATED',
    401,
    'The caller is not known',
    'Send `Authorization: Bearer crd_…` with a key that is in force.',
  ),
  USER_REQUIRED: caller('INVALID_ARGUMENT', 400, 'The user is missing', 'Send `Credence-User` with the user whose credential this is.'),
  SCOPE_REQUIRED: rule('PERMISSION_DENIED', 403, 'The caller may not do this', 'Use a key that has the scope named in the detail.'),
  NOT_FOUND: caller('NOT_FOUND', 404, 'There is no such thing here', 'Check the id, the project of the key and the user it acts for.'),
  ALREADY_EXISTS: caller('ALREADY_EXISTS', 409, 'It exists already', 'Read the one that exists, or choose another name.'),
  USER_CONFLICT: rule(
    'ALREADY_EXISTS',
    409,
    'The names belong to two users',
    'An external id and an e-mail address of two existing users are never joined.',
  ),
  IDEMPOTENCY_CONFLICT: caller(
    'ALREADY_EXISTS',
    409,
    'The idempotency key was used for another request',
    'Send the same body again, or use a new key.',
  ),
  CONFLICT: world('ABORTED', 409, 'It changed in the meantime', 'Read it again and repeat the request.'),
  CREDENTIAL_EXPIRED: rule('FAILED_PRECONDITION', 409, 'The credential has expired', 'Open the reconnect link to sign in again.'),
  CREDENTIAL_DISABLED: rule('FAILED_PRECONDITION', 409, 'The credential is disabled', 'Enable it first.'),
  CREDENTIAL_DELETED: rule('FAILED_PRECONDITION', 410, 'The credential was deleted', 'Bind this consumer to another credential.'),
  CREDENTIAL_QUARANTINED: rule(
    'FAILED_PRECONDITION',
    409,
    'The stored record was refused',
    'It is older than what was last seen, or was altered: reconnect it, and tell the operator.',
  ),
  CREDENTIAL_IN_USE: rule('FAILED_PRECONDITION', 409, 'The credential is in use', 'Unbind its consumers, or delete with `force`.'),
  CHANNEL_TAKEN: rule(
    'FAILED_PRECONDITION',
    409,
    'The channel has an agent already',
    'Detach it there first: a number, an account or a page stands on one agent, and a channel of an agent has one credential.',
  ),
  ASSET_NOT_GRANTED: rule(
    'FAILED_PRECONDITION',
    409,
    'The credential does not give access to this any more',
    'Reconnect the credential and choose it, or attach another one.',
  ),
  CHANNEL_REQUIRED: rule(
    'PERMISSION_DENIED',
    403,
    'This is called by its agent alone',
    'Attach the channel, and send the id of that consumer as `Credence-Consumer`.',
  ),
  ILLEGAL_MOVE: rule(
    'FAILED_PRECONDITION',
    409,
    'The credential cannot go from its status to that one',
    'See the table of moves; the detail names both states.',
  ),
  ACCOUNT_MISMATCH: rule(
    'FAILED_PRECONDITION',
    409,
    'Another account was connected',
    'Sign in with the account that was connected before, or confirm the change.',
  ),
  PROVIDER_IN_USE: rule(
    'FAILED_PRECONDITION',
    409,
    'The provider is in use',
    'Delete the credentials that use it first; the detail counts them.',
  ),
  CAPABILITY_IN_USE: rule(
    'FAILED_PRECONDITION',
    409,
    'The capability is in use',
    'Customers have granted it their credentials; the detail counts them. Delete with `force`.',
  ),
  CAPABILITY_REQUIRED: rule(
    'PERMISSION_DENIED',
    403,
    'The credential is used through a capability',
    'Call the capability: its ids are in `facts.capability_ids`.',
  ),
  CONNECT_REQUIRED: rule(
    'FAILED_PRECONDITION',
    409,
    'The customer has not connected an account',
    'Start a conversation with `POST /v1/capabilities/{id}/connect` and show its link to the customer.',
  ),
  IDENTITY_REQUIRED: rule(
    'PERMISSION_DENIED',
    403,
    'The customer is not verified',
    'Ask the questions in `facts`, submit the answers with the `challenge`, and repeat the call.',
  ),
  IDENTITY_MISMATCH: rule(
    'PERMISSION_DENIED',
    403,
    'The answers do not match the records',
    'Ask again and submit all answers with the new `challenge`.',
  ),
  IDENTITY_LOCKED: world(
    'RESOURCE_EXHAUSTED',
    429,
    'Too many answers were wrong',
    'Wait for `retry_after_ms`; the customer can be served in another way meanwhile.',
  ),
  CHALLENGE_REFUSED: rule(
    'FAILED_PRECONDITION',
    409,
    'The challenge cannot be used',
    'It was used, has expired, or is of another customer or capability: repeat the call to get a new one.',
  ),
  RECORDS_UNAVAILABLE: world(
    'UNAVAILABLE',
    503,
    'The records cannot be asked',
    'Nothing was compared and no attempt was counted: submit the answers again later.',
  ),
  CONSENT_REQUIRED: rule('PERMISSION_DENIED', 403, 'The customer has not consented', 'Ask for the consent and record it.'),
  PROXY_DISABLED: rule(
    'FAILED_PRECONDITION',
    409,
    'The provider does not allow proxy calls',
    'Set `proxy_enabled` to true in the provider payload.',
  ),
  CLIENT_MISSING: rule(
    'FAILED_PRECONDITION',
    409,
    'The provider has no OAuth client',
    'An administrator registers its client id and secret once.',
  ),
  HOST_REFUSED: rule(
    'PERMISSION_DENIED',
    403,
    'The host is not allowed for this credential',
    "Call a path under the provider's `proxy_url`.",
  ),
  ADDRESS_REFUSED: rule(
    'PERMISSION_DENIED',
    403,
    'The address is not allowed',
    'Private addresses must be listed by the operator in EGRESS_ALLOW; link-local and metadata addresses never can be.',
  ),
  PATH_REFUSED: rule(
    'PERMISSION_DENIED',
    403,
    'The path is not allowed',
    'Token, revocation and introspection endpoints cannot be called through the proxy.',
  ),
  METHOD_REFUSED: rule('PERMISSION_DENIED', 403, 'The method is not allowed', 'Use a method that the rule names.'),
  SESSION_EXPIRED: rule('FAILED_PRECONDITION', 410, 'The connect session has ended', 'Start a new one and open its link.'),
  SESSION_REFUSED: rule(
    'PERMISSION_DENIED',
    403,
    'The connect session is not yours',
    'Open the link in the browser, and as the user, that it was made for.',
  ),
  CONFIRMATION_WRONG: caller(
    'INVALID_ARGUMENT',
    400,
    'The confirmation is wrong',
    'Send the code that the end page shows; three tries are allowed.',
  ),
  ORIGIN_REFUSED: rule(
    'PERMISSION_DENIED',
    403,
    'The page may not use this token',
    "Add the page's origin to the project's `origins`, and mint a new widget token.",
  ),
  SETUP_STEP: rule('FAILED_PRECONDITION', 409, 'The setup is at another step', 'No step is skipped; the detail names the one it is at.'),
  STATE_REFUSED: rule('PERMISSION_DENIED', 403, 'The state does not belong to this browser', 'Start again from the connect link.'),
  ISSUER_MISMATCH: rule(
    'PERMISSION_DENIED',
    403,
    'The answer came from another issuer',
    "Start again; if it repeats, check the provider's issuer.",
  ),
  GRANT_DENIED: rule('FAILED_PRECONDITION', 409, 'The grant was not given', 'Sign in again and allow the access that is asked for.'),
  SCOPE_MISSING: rule(
    'FAILED_PRECONDITION',
    409,
    'A required scope was not granted',
    'Sign in again and leave the required permissions ticked.',
  ),
  ASSETS_MISSING: rule(
    'FAILED_PRECONDITION',
    409,
    'Nothing was handed over that could be used',
    'Sign in again and leave at least one number, account or page selected.',
  ),
  VERIFY_FAILED: rule(
    'FAILED_PRECONDITION',
    409,
    'The provider did not accept the credential',
    'Correct the values and connect again; the cause is in the detail.',
  ),
  EXCHANGE_REFUSED: rule(
    'FAILED_PRECONDITION',
    409,
    'The provider gave no access for these values',
    'Correct the values and connect again; the cause is in the detail.',
  ),
  TOKEN_ENDPOINT_REFUSED: rule(
    'FAILED_PRECONDITION',
    502,
    'The token endpoint refused',
    'The error code of the provider is in the detail.',
  ),
  TOKEN_ANSWER_UNUSABLE: world(
    'UNAVAILABLE',
    502,
    'The token endpoint gave no usable answer',
    'Try again; if it repeats, check `token_uri` and the `token` member of the provider.',
  ),
  UPSTREAM_UNREACHABLE: world('UNAVAILABLE', 502, 'The provider cannot be reached', 'Try again later.'),
  UPSTREAM_TIMEOUT: world(
    'DEADLINE_EXCEEDED',
    504,
    'The provider did not answer in time',
    'Try again later; the request may have been carried out.',
  ),
  UPSTREAM_UNSCRUBBABLE: rule(
    'FAILED_PRECONDITION',
    502,
    'The answer could not be searched for secrets',
    'Ask the provider for identity, gzip, br or deflate encoding.',
  ),
  UPSTREAM_BOMB: rule('FAILED_PRECONDITION', 502, 'The answer unpacks to too much', 'Ask for a smaller answer.'),
  THROTTLED: world('RESOURCE_EXHAUSTED', 429, 'Too many requests', 'Wait for `retry_after_ms`.'),
  IN_DOUBT: world('UNAVAILABLE', 503, 'The outcome of the last refresh is not known', 'Try again later; reconnect if it lasts.'),
  KEY_MISMATCH: rule('FAILED_PRECONDITION', 409, 'The data was written with another key', 'Start with the key file of this installation.'),
  ROLLED_BACK: rule(
    'FAILED_PRECONDITION',
    409,
    'The store is older than what was last seen',
    'Start with `--accept-restore` if a backup was restored.',
  ),
  AUDIT_UNAVAILABLE: world(
    'UNAVAILABLE',
    503,
    'The audit log cannot be written',
    'Nothing is decrypted while it is so; look at the disk of the vault.',
  ),
  STORE_UNAVAILABLE: world('UNAVAILABLE', 503, 'The store cannot be reached', 'Try again later; nothing was half-stored.'),
  UNAVAILABLE: world('UNAVAILABLE', 503, 'A service cannot be reached', 'Try again later.'),
  DEADLINE_EXCEEDED: world('DEADLINE_EXCEEDED', 504, 'It took too long', 'Try again later.'),
  PORT_IN_USE: caller('ALREADY_EXISTS', 409, 'A port is in use', 'Stop its holder or choose another port.'),
  INVALID_SETTING: caller('INVALID_ARGUMENT', 400, 'A setting is not valid', 'Correct the settings named in `errors`.'),
  INTERNAL: {
    kind: 'bug',
    grpc: 'INTERNAL',
    http: 500,
    title: 'Something went wrong on our side',
    advice: 'Tell the operator the incident id.',
  },
}
