import { AUTH_TYPES, INPUT_TYPES, MUTABLE_FIELDS } from './payload.ts'
import { GRANT_TYPES } from './payload-renewal.ts'
import { BEHAVIOUR, BEHAVIOUR_DEFS } from './schema-behaviour.ts'
import { NATIVE } from './schema-native.ts'
import { assertionRef, RENEWAL_DEFS, steps, TOKEN_GRANT } from './schema-renewal.ts'
import { closed, flag, label, list, oneOf, type SchemaNode, text, url } from './schema-terms.ts'
import { SIGN_SCHEMA } from './sign/schema-sign.ts'
import { FIELD_NAME } from './template.ts'

/** A token of RFC 9110 §5.6.2: what a header or cookie name may be made of. */
const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$"
/** Goes into a header as it is. */
const PRINTABLE = '^[\\u0020-\\u007e]*$'

const field: SchemaNode = closed(
  {
    field_name: text(`^${FIELD_NAME}$`, 'the name of the field: letters, digits, `_` and `-`, beginning with a letter', 'api_key'),
    label: label('the label of the input'),
    hint: label('the hint beside the input', 500),
    input_type: oneOf(INPUT_TYPES, 'the kind of the input; text when absent'),
    required: flag('whether the field must be filled in'),
    is_path_param: flag('whether the value is a path segment; it is one wherever the template says so'),
  },
  ['field_name'],
  'an input of the connect form',
)

const scope: SchemaNode = closed(
  {
    scope: text(
      '^[\\u0021\\u0023-\\u005b\\u005d-\\u007e]{1,256}$',
      'the scope as the provider writes it, without spaces (RFC 6749 §3.3)',
      'profile',
    ),
    display_name: label('the name of the scope that people see'),
    description: label('what the scope allows', 1000),
    required: flag('whether the scope cannot be left out'),
  },
  ['scope'],
  'a scope that can be asked for',
)

const oauthConfig: SchemaNode = closed(
  {
    grant_type: oneOf(GRANT_TYPES, 'how the token is obtained; authorization_code when absent'),
    authorize_uri: url('the authorization endpoint', 'https://auth.example.com/authorize'),
    device_authorization_uri: url('the device authorization endpoint (RFC 8628)', 'https://auth.example.com/device_authorization'),
    token_uri: url('the token endpoint', 'https://auth.example.com/token'),
    user_info_uri: url('an endpoint that says who signed in', 'https://api.example.com/me'),
    issuer: url("the server's issuer identifier (RFC 9207)", 'https://auth.example.com'),
    available_scopes: list(scope, { max: 500 }, 'the scopes that can be asked for'),
    authorize_params: {
      type: 'object',
      maxProperties: 20,
      additionalProperties: {
        type: 'string',
        maxLength: 1024,
        pattern: PRINTABLE,
        description: 'the value of the parameter',
        examples: ['offline'],
      },
      description: 'further parameters of the authorization request',
    },
    ...TOKEN_GRANT,
  },
  ['token_uri'],
  'the OAuth endpoints and scopes',
)

const header: SchemaNode = closed(
  {
    name: text(TOKEN, 'a header name (RFC 9110 token)', 'X-Account-Id'),
    prefix: text(PRINTABLE, 'printable ASCII that is put before the value', 'Token'),
    value: { ...text(PRINTABLE, 'printable ASCII with `{{name}}` for each field', '{{api_key}}'), minLength: 1 },
    secret: flag('whether the value must never be shown'),
  },
  ['name', 'value'],
  'a header that is put on every request',
)

const mutation: SchemaNode = closed(
  {
    prefix: text(PRINTABLE, 'printable ASCII that is put before the value as it is', 'Token '),
    suffix: text(PRINTABLE, 'printable ASCII that is put after the value as it is', '/token'),
    default: text(PRINTABLE, 'printable ASCII that stands for an absent or empty value', 'X'),
  },
  [],
  'how a value is changed before it is placed',
)

const pattern: SchemaNode = closed(
  {
    type: oneOf(AUTH_TYPES, 'the auth type'),
    display_name: label('the name of this option'),
    description: label('a short explanation of this option', 1000),
    fields: list({ $ref: '#/$defs/field' }, { max: 50 }, 'the inputs whose values are sealed'),
    account_fields: list({ $ref: '#/$defs/field' }, { max: 50 }, 'the inputs whose values are kept readable on the account'),
    oauth_config: oauthConfig,
    client_fields: list({ $ref: '#/$defs/field' }, { max: 10 }, 'what the client is registered with beside its id and secret'),
    native_config: NATIVE,
    auth_header_key_override: text(TOKEN, 'a header name (RFC 9110 token) that replaces `Authorization`', 'X-API-Key'),
    auth_query_key: text('^[A-Za-z0-9._~$\\[\\]-]{1,128}$', 'the query parameter that carries the key', 'api_key'),
    auth_cookie_key: text(TOKEN, 'the cookie that carries the key', 'session'),
    auth_field_mutations: closed(
      Object.fromEntries(MUTABLE_FIELDS.map((name) => [name, { $ref: '#/$defs/mutation' }])),
      [],
      'how values are changed before they are placed',
    ),
    headers: list(header, { max: 20 }, 'the headers that are put on every request'),
    sign: { $ref: '#/$defs/sign' },
    steps,
    assertion: assertionRef,
    ...BEHAVIOUR,
  },
  ['type'],
  'one way to authenticate',
)

/** The published JSON Schema of a provider payload. The parser validates with it, then checks what a schema cannot say. */
export const PROVIDER_SCHEMA: object = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:credence:provider:1',
  title: 'Credence provider payload',
  ...closed(
    {
      display_name: label('the name of the provider that people see'),
      description: label('a short description of what the provider connects to', 2000),
      auth_patterns: list({ $ref: '#/$defs/pattern' }, { min: 1, max: 20 }, 'the ways to authenticate that the provider offers'),
      proxy_url: url('the base URL of the API', 'https://api.example.com/v1'),
      proxy_enabled: flag('whether calls through the proxy are allowed, usually true'),
      extra_hosts: list(
        url('a further base URL that the proxy may call', 'https://uploads.example.com'),
        { max: 20, unique: true },
        'further base URLs of the API',
      ),
      docs: url("the address of the API's documentation", 'https://docs.example.com'),
      ...BEHAVIOUR,
    },
    ['display_name', 'auth_patterns', 'proxy_url', 'proxy_enabled'],
    'a provider',
  ),
  $defs: { pattern, field, mutation, sign: SIGN_SCHEMA, ...BEHAVIOUR_DEFS, ...RENEWAL_DEFS },
}
