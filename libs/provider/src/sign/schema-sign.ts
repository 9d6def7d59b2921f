import { ENCODINGS, HASHES } from '../byte-forms.ts'
import { closed, flag, list, oneOf, type SchemaNode, text, whole } from '../schema-terms.ts'
import { DIGESTS, JWT_ALGORITHMS, KEY_ENCODINGS, MESSAGE_ALGORITHMS } from './payload-sign.ts'

/** A token of RFC 9110 §5.6.2. */
const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$"
const PRINTABLE = '^[\\u0020-\\u007e]*$'
/** What a message may be made of: line breaks part its lines. */
const LINES = '^[\\u0009\\u000a\\u000d\\u0020-\\u007e]*$'
const DAY_SECONDS = 86_400
/** The longest that AWS takes. */
const WEEK_SECONDS = 604_800

const template = (description: string, example: string): SchemaNode => ({ ...text(PRINTABLE, description, example), minLength: 1 })

const key: SchemaNode = template('the key, taken from a field', '{{secret_key}}')
const keyEncoding: SchemaNode = oneOf(KEY_ENCODINGS, 'how the field stands for the bytes of the key; utf8 when absent')

const output = (name: SchemaNode, description: string): SchemaNode =>
  closed(
    { name, value: template('printable ASCII with `{{@signature}}` and other places', '{{@signature}}') },
    ['name', 'value'],
    description,
  )
const headers: SchemaNode = list(
  output(text(TOKEN, 'a header name (RFC 9110 token)', 'X-Signature'), 'a header that the signature puts on the request'),
  { max: 10 },
  'the headers that the signature puts on the request',
)
const query: SchemaNode = list(
  output(text('^[A-Za-z0-9._~$\\[\\]-]{1,128}$', 'a parameter name', 'signature'), 'a parameter that the signature puts on the request'),
  { max: 10 },
  'the query parameters that the signature puts on the request',
)

const hmac: SchemaNode = closed(
  {
    hash: oneOf(HASHES, 'the hash'),
    key,
    key_encoding: keyEncoding,
    message: { ...text(LINES, 'the message, with places for fields and parts of the request', '{{@timestamp}}{{@body}}'), minLength: 1 },
    encoding: oneOf(ENCODINGS, 'how the signature is written; hex when absent'),
    headers,
    query,
  },
  ['hash', 'key', 'message'],
  'an HMAC over a message that is made of the request',
)

const awsSigV4: SchemaNode = closed(
  {
    region: template('the region', 'eu-central-1'),
    service: template('the name of the service', 'execute-api'),
    access_key_id: template('the access key id, taken from a field', '{{access_key_id}}'),
    secret_access_key: template('the secret access key, taken from a field', '{{secret_access_key}}'),
    session_token: template('the session token, taken from a field', '{{session_token}}'),
    in: oneOf(['header', 'query'], 'where the signature goes; header when absent'),
    unsigned_payload: flag('whether the body is left out of the signature'),
    content_sha256: flag('whether the digest of the body is sent too, as `x-amz-content-sha256`'),
    path_encoding: oneOf(['double', 'single'], 'how often the path is encoded for the signature; double when absent'),
    expires_seconds: whole([1, WEEK_SECONDS], 'how long a signature in the query holds'),
    signed_headers: list(text(TOKEN, 'a header name (RFC 9110 token)', 'Range'), { max: 20 }, 'further headers to sign'),
  },
  ['region', 'service', 'access_key_id', 'secret_access_key'],
  'AWS Signature Version 4',
)

const claim: SchemaNode = {
  type: ['string', 'number', 'boolean', 'array'],
  maxLength: 2048,
  pattern: PRINTABLE,
  minItems: 1,
  maxItems: 20,
  items: template('printable ASCII with places for fields', 'https://api.example.com'),
  description: 'a text with places for fields, a number, true or false, or a list of texts',
}

const jwt: SchemaNode = closed(
  {
    alg: oneOf(JWT_ALGORITHMS, 'the algorithm'),
    key,
    key_encoding: keyEncoding,
    header: {
      type: 'object',
      maxProperties: 20,
      additionalProperties: template('printable ASCII with places for fields', '{{key_id}}'),
      description: 'further members of the header',
    },
    claims: { type: 'object', maxProperties: 40, additionalProperties: claim, description: 'the claims, without `iat` and `exp`' },
    lifetime_seconds: whole([1, DAY_SECONDS], 'how long the token holds'),
    backdate_seconds: whole([0, 600], 'how far `iat` lies back'),
    jti: flag('whether each token has an id of its own'),
    headers,
  },
  ['alg', 'key', 'claims', 'lifetime_seconds'],
  'a JWT that is made for each request',
)

const httpMessage: SchemaNode = closed(
  {
    alg: oneOf(MESSAGE_ALGORITHMS, 'the algorithm (RFC 9421 §6.2.2)'),
    key,
    key_encoding: keyEncoding,
    keyid: template('the name of the key', '{{key_id}}'),
    components: list(
      text("^@?[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$", 'a header name or a derived component', '@method'),
      { min: 1, max: 40 },
      'what is signed',
    ),
    label: text('^[a-z*][a-z0-9_.*-]{0,63}$', 'the label of the signature (RFC 9651 key)', 'sig1'),
    tag: text('^[\\u0020-\\u007e]{1,256}$', 'the tag of the application', 'example'),
    expires_seconds: whole([1, DAY_SECONDS], 'how long the signature holds'),
    nonce: flag('whether each signature has a nonce'),
    alg_parameter: flag('whether the algorithm is named in the signature'),
    content_digest: oneOf(DIGESTS, 'the hash of `Content-Digest`; sha-256 when absent'),
  },
  ['alg', 'key'],
  'an HTTP message signature (RFC 9421)',
)

export const SIGN_SCHEMA: SchemaNode = closed(
  { hmac, aws_sigv4: awsSigV4, jwt, http_message: httpMessage },
  [],
  'how each request is signed: one of `hmac`, `aws_sigv4`, `jwt` and `http_message`',
)
