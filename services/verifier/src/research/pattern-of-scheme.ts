import type { BasicPart, KeyHeader, MachineFacts, OAuthFacts, Scheme } from './findings.ts'

/** What a scheme's pattern stands in. */
export interface PatternContext {
  /** The base URL template; its fields are asked for by every pattern. */
  readonly base: string
  readonly name: string
}

export interface WrittenPattern {
  readonly pattern: Record<string, unknown>
  /** Pointers within the pattern, and what the source said there. */
  readonly said: readonly (readonly [pointer: string, value: string])[]
}

/** A scheme as a pattern of a provider payload, with labels and hints that a person understands. */
export function patternOf(scheme: Scheme, context: PatternContext): WrittenPattern {
  const place = placeFields(context)
  switch (scheme.kind) {
    case 'bearer': {
      const fields = [...place, secretField('token', 'API token', `The token from your ${context.name} account`)]
      return { pattern: { type: 'BEARER', display_name: 'API token', fields }, said: [['/type', 'BEARER']] }
    }
    case 'headers':
      return scheme.headers.length === 1 ? oneHeader(scheme.headers[0], place, context) : manyHeaders(scheme.headers, place)
    case 'query':
    case 'cookie': {
      const member = scheme.kind === 'query' ? 'auth_query_key' : 'auth_cookie_key'
      const pattern = { type: 'API_KEY', display_name: 'API key', fields: [...place, keyField(context)], [member]: scheme.name }
      return {
        pattern,
        said: [
          ['/type', 'API_KEY'],
          [`/${member}`, scheme.name],
        ],
      }
    }
    case 'basic':
      return basicPattern(scheme, place, context)
    case 'oauth':
      return oauthPattern(scheme, place, context)
    case 'machine':
      return machinePattern(scheme, place, context)
    case 'none':
      return { pattern: { type: 'NONE', display_name: 'No credential', fields: place }, said: [['/type', 'NONE']] }
  }
}

type Field = Readonly<Record<string, unknown>>

function secretField(name: string, label: string, hint: string): Field {
  return { field_name: name, label, hint, input_type: 'password', required: true }
}

function keyField({ name }: PatternContext): Field {
  return secretField('api_key', 'API key', `The key from your ${name} account`)
}

/** A field for each place that the base URL leaves to the customer. */
function placeFields({ base, name }: PatternContext): readonly Field[] {
  return [...base.matchAll(/\{\{(\w+)\}\}/g)].map(([place, field = '']) => {
    const host = /^https?:\/\/([^/]+)/.exec(base)?.[1] ?? ''
    const label = `${name} ${field === 'domain' ? 'domain' : field.replaceAll('_', ' ')}`
    const hint = host.includes(place) ? `acme for ${host.replace(place, 'acme')}` : `Your ${field.replaceAll('_', ' ')}`
    return { field_name: field, label, hint, input_type: 'text', required: true }
  })
}

function oneHeader(header: KeyHeader | undefined, place: readonly Field[], context: PatternContext): WrittenPattern {
  const { name = 'Authorization', prefix } = header ?? {}
  const isOverridden = name.toLowerCase() !== 'authorization'
  const pattern = {
    type: 'API_KEY',
    display_name: 'API key',
    fields: [...place, keyField(context)],
    ...(isOverridden ? { auth_header_key_override: name } : {}),
    ...(prefix === undefined ? {} : { auth_field_mutations: { api_key: { prefix } } }),
  }
  const said: [string, string][] = [
    ['/type', 'API_KEY'],
    ...(isOverridden ? [['/auth_header_key_override', name] as [string, string]] : []),
  ]
  return { pattern, said: prefix === undefined ? said : [...said, ['/auth_field_mutations/api_key/prefix', prefix]] }
}

function manyHeaders(headers: readonly KeyHeader[], place: readonly Field[]): WrittenPattern {
  const named = headers.map((header) => ({ ...header, field: fieldOf(header.name) }))
  const pattern = {
    type: 'CUSTOM_HEADER',
    display_name: 'API keys',
    fields: [...place, ...named.map(({ field, name }) => secretField(field, name, `The value for the header ${name}`))],
    headers: named.map(({ name, prefix, field }) => ({ name, value: `${prefix ?? ''}{{${field}}}`, secret: true })),
  }
  return { pattern, said: [['/type', 'CUSTOM_HEADER'], ...named.map(({ name }, i): [string, string] => [`/headers/${i}/name`, name])] }
}

function fieldOf(header: string): string {
  return (
    header
      .toLowerCase()
      .replace(/^x-/, '')
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replace(/^[^a-z]+/, '') || 'value'
  )
}

function basicPattern(
  scheme: { username: BasicPart; password: BasicPart },
  place: readonly Field[],
  context: PatternContext,
): WrittenPattern {
  const { username, password } = scheme
  const key = (name: string, { label }: { readonly label?: string }): Field =>
    label === undefined
      ? secretField(name, 'API key', `The key from your ${context.name} account`)
      : secretField(name, label, `As in your ${context.name} account`)
  const first =
    username.holds === 'key'
      ? [key('username', username)]
      : username.holds === 'user'
        ? [{ field_name: 'username', label: 'User name or e-mail', input_type: 'text', required: true }]
        : []
  const second =
    password.holds === 'key'
      ? [key('password', password)]
      : password.holds === 'password'
        ? [secretField('password', 'Password', 'As you sign in there')]
        : []
  const fixed = [['username', username] as const, ['password', password] as const].flatMap(
    ([name, part]): [string, Record<string, string>][] => {
      if (part.holds === 'user' && part.suffix !== undefined) return [[name, { suffix: part.suffix }]]
      return part.holds === 'fixed' ? [[name, { default: part.text }]] : []
    },
  )
  const pattern = {
    type: 'BASIC',
    display_name: first.length + second.length === 1 ? 'API key' : username.holds === 'key' ? 'API keys' : 'User name and password',
    fields: [...place, ...first, ...second],
    ...(fixed.length === 0 ? {} : { auth_field_mutations: Object.fromEntries(fixed) }),
  }
  return {
    pattern,
    said: [
      ['/type', 'BASIC'],
      ['/fields', [...first, ...second].map((field) => String(field.field_name)).join(', ')],
    ],
  }
}

function oauthPattern(scheme: OAuthFacts, place: readonly Field[], { name }: PatternContext): WrittenPattern {
  const { authorizeUri, tokenUri, issuer, userInfoUri, revokeUri, scopes, clientAuth } = scheme
  const config = {
    authorize_uri: authorizeUri,
    token_uri: tokenUri,
    ...(userInfoUri === undefined ? {} : { user_info_uri: userInfoUri }),
    ...(issuer === undefined ? {} : { issuer }),
    available_scopes: scopes.filter((scope) => /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/.test(scope)).map((scope) => ({ scope })),
  }
  const pattern = {
    type: 'OAUTH',
    display_name: `Sign in with ${name}`,
    fields: [],
    ...(place.length === 0 ? {} : { account_fields: place }),
    oauth_config: config,
    ...(revokeUri === undefined ? {} : { revoke: { url: revokeUri } }),
    ...(clientAuth === undefined ? {} : { token: { client_auth: clientAuth } }),
  }
  const said: [string, string][] = [
    ['/type', 'OAUTH'],
    ['/oauth_config/authorize_uri', authorizeUri],
    ['/oauth_config/token_uri', tokenUri],
  ]
  return { pattern, said: scopes.length === 0 ? said : [...said, ['/oauth_config/available_scopes', scopes.join(' ')]] }
}

function machinePattern(scheme: MachineFacts, place: readonly Field[], { name }: PatternContext): WrittenPattern {
  const { tokenUri, scopes, clientAuth } = scheme
  const fields = [
    ...place,
    {
      field_name: 'client_id',
      label: 'Client ID',
      hint: `The id of the API client in your ${name} account`,
      input_type: 'text',
      required: true,
    },
    secretField('client_secret', 'Client secret', 'The secret that belongs to it'),
  ]
  const config = {
    grant_type: 'client_credentials',
    token_uri: tokenUri,
    client_id: '{{client_id}}',
    client_secret: '{{client_secret}}',
    ...(scopes.length === 0 ? {} : { available_scopes: scopes.map((scope) => ({ scope, required: true })) }),
  }
  const token = clientAuth === undefined ? {} : { token: { client_auth: clientAuth } }
  return {
    pattern: { type: 'OAUTH', display_name: 'API client', fields, oauth_config: config, ...token },
    said: [
      ['/type', 'OAUTH'],
      ['/oauth_config/grant_type', 'client_credentials'],
      ['/oauth_config/token_uri', tokenUri],
    ],
  }
}
