import { ASSERTION_ALGS } from './payload-renewal.ts'
import { answerPointer, closed, label, list, mapOf, oneOf, type SchemaNode, text, url, whole } from './schema-terms.ts'
import { FIELD_NAME } from './template.ts'

const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$"
const PARAMETER = '^[A-Za-z0-9._~$\\[\\]:-]{1,128}$'
const STEP_NAME = '^[A-Za-z][A-Za-z0-9_-]{0,63}$'
const POINTER = '(/([^~/]|~[01])*)+'
/** More than any known exchange needs, and few enough to be carried out within one deadline. */
const MOST_STEPS = 10

/** Printable, with `{{name}}` for each field. */
function template(description: string, example: string): SchemaNode {
  return { ...text('^[^\\u0000-\\u001f\\u007f]+$', `${description}, with \`{{name}}\` for each field`, example), maxLength: 4096 }
}

const assertion: SchemaNode = closed(
  {
    alg: oneOf(ASSERTION_ALGS, 'the algorithm of the signature (RFC 7518, RFC 8037)'),
    key: template('the private key in PEM, or the shared secret of an HS algorithm', '{{private_key}}'),
    key_id: template("the key's id, `kid`", '{{key_id}}'),
    issuer: template('the claim `iss`', '{{client_id}}'),
    subject: template('the claim `sub`', '{{account}}'),
    audience: template('the claim `aud`; the token endpoint when absent', 'https://auth.example.com/token'),
    claims: mapOf(
      { type: ['string', 'number', 'boolean'], maxLength: 4096, description: 'the value of a claim', examples: ['{{tenant}}'] },
      { key: '^[^\\u0000-\\u001f\\u007f]{1,128}$', keyDescription: 'a name of a claim', keyExample: 'scope', max: 20 },
      'further claims',
    ),
    lifetime_seconds: whole([10, 3600], 'how long the token is good; 300 when absent'),
  },
  ['alg'],
  'a JSON Web Token that is signed with a field (RFC 7523)',
)

const exchange: SchemaNode = closed(
  {
    subject_token: template('the token that is exchanged', '{{subject_token}}'),
    subject_token_type: template('its type', 'urn:ietf:params:oauth:token-type:access_token'),
    actor_token: template('the token of whoever acts', '{{actor_token}}'),
    actor_token_type: template('its type', 'urn:ietf:params:oauth:token-type:jwt'),
    requested_token_type: template('the type that is wanted', 'urn:ietf:params:oauth:token-type:access_token'),
  },
  [],
  'what is exchanged (RFC 8693)',
)

/** Members of `oauth_config` for the grants that exchange the fields of the form. */
export const TOKEN_GRANT: SchemaNode = {
  client_id: template("the client's id", '{{client_id}}'),
  client_secret: template("the client's secret", '{{client_secret}}'),
  audience: template('the audience of the token', 'https://api.example.com'),
  resource: template('the resource that the token is for (RFC 8707)', 'https://api.example.com'),
  token_params: mapOf(
    template('the value of the parameter', '{{tenant}}'),
    { key: PARAMETER, keyDescription: 'a name of a parameter', keyExample: 'account_id', max: 20 },
    'further parameters of the token request',
  ),
  assertion: { $ref: '#/$defs/assertion' },
  exchange,
}

const templates = (key: { pattern: string; of: string; example: string; value?: string }, description: string): SchemaNode =>
  mapOf(
    { ...template('the value', '{{api_key}}'), pattern: key.value ?? '^[^\\u0000-\\u001f\\u007f]*$' },
    { key: key.pattern, keyDescription: `a name of a ${key.of}`, keyExample: key.example, max: 30 },
    description,
  )

const extract: SchemaNode = mapOf(
  text(
    `^(${POINTER}|header:[!#$%&'*+.^_\`|~0-9A-Za-z-]+|cookie:[!#$%&'*+.^_\`|~0-9A-Za-z-]+|body)$`,
    'a JSON pointer into the answer, `header:` or `cookie:` with a name, or `body` for all of it',
    '/access_token',
  ),
  { key: `^${FIELD_NAME}$`, keyDescription: 'the name of a result', keyExample: 'access_token', max: 20 },
  'what is taken from the answer, by the name under which later steps and `headers` use it',
)

const action: SchemaNode = closed(
  {
    continue: { type: 'boolean', const: true, description: 'true, to go on with the next step' },
    fail: label('the sentence for whoever connects', 500),
    forward: text(STEP_NAME, 'the name of a later step, or `end`', 'second_factor'),
    extract: { $ref: '#/$defs/extract' },
  },
  [],
  'what a status means: `continue`, `fail` or `forward`',
)

const request: SchemaNode = closed(
  {
    method: oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], 'the method of the call; POST with a body and GET without when absent'),
    url: url('the whole URL of the call', 'https://login.example.com/session'),
    headers: templates({ pattern: TOKEN, of: 'header', example: 'X-App-Id', value: '^[\\u0020-\\u007e]*$' }, 'the headers of the call'),
    query: templates({ pattern: PARAMETER, of: 'parameter', example: 'app' }, 'further parameters of the query'),
    form: templates({ pattern: PARAMETER, of: 'parameter', example: 'username' }, 'the body as a form'),
    json: { description: 'the body as JSON, with `{{name}}` in its texts', examples: ['{"user": "{{username}}"}'] },
    body: {
      type: 'string',
      maxLength: 16_384,
      description: 'the body as text, with `{{name}}` for each field; `Content-Type` among `headers` says how values are escaped',
      examples: ['<user>{{username}}</user>'],
    },
  },
  ['url'],
  'the call',
)

const step: SchemaNode = closed(
  {
    name: text(STEP_NAME, 'the name of the step: letters, digits, `_` and `-`', 'login'),
    request,
    expect: list(
      whole([100, 599], 'an HTTP status'),
      { min: 1, max: 20, unique: true },
      'the statuses with which it goes on; 200 to 299 when absent',
    ),
    on: mapOf(
      { $ref: '#/$defs/action' },
      { key: '^[1-5]([0-9]{2}|xx)$', keyDescription: 'a status, or a class of them', keyExample: '401', max: 20 },
      'what other statuses mean',
    ),
    extract: { $ref: '#/$defs/extract' },
    expires_in: {
      type: ['string', 'integer'],
      pattern: `^${POINTER}$`,
      minimum: 1,
      maximum: 315_360_000,
      description: 'the lifetime of the result in seconds, or a JSON pointer to it',
      examples: ['/expires_in'],
    },
    expires_at: answerPointer('the time when the result ends, in RFC 3339 or seconds since 1970', '/expires_at'),
  },
  ['name', 'request'],
  'one call of the exchange',
)

export const steps: SchemaNode = list(
  { $ref: '#/$defs/step' },
  { min: 1, max: MOST_STEPS },
  'the calls that make an access out of the fields',
)

export const assertionRef: SchemaNode = { $ref: '#/$defs/assertion' }

export const RENEWAL_DEFS: SchemaNode = { assertion, step, action, extract }
