import type { ResearchFact } from '@credence/proto/research'
import type { ProviderPayload } from '@credence/provider'
import type { FactView } from './setup-views.ts'

/** Members of a payload as people call them; by the last part of the pointer. */
const TERMS: Readonly<Record<string, string>> = {
  proxy_url: 'Calls go to',
  verify: 'A key is tried with',
  description: 'What it is',
  type: 'How it signs in',
  auth_header_key_override: 'Header of the key',
  auth_query_key: 'Parameter of the key',
  auth_cookie_key: 'Cookie of the key',
  prefix: 'Before the key',
  name: 'Header',
  fields: 'What you enter',
  authorize_uri: 'People sign in at',
  token_uri: 'Tokens come from',
  available_scopes: 'Permissions',
}

const TYPES: Readonly<Record<string, string>> = {
  bearer: 'With an API token',
  api_key: 'With an API key',
  basic: 'With a user name, a password or a key in their place',
  custom_header: 'With several keys',
  oauth: 'By signing in at its own page (OAuth)',
  none: 'Without a credential',
  headers: 'With a key in a header',
  query: 'With a key in the address',
  cookie: 'With a key in a cookie',
}

/** A finding in words: what it is about, what was said, and the page that said it. Fields are called as the form calls them. */
export function factWords({ pointer, value, url, confidence }: ResearchFact, payload: ProviderPayload | undefined): FactView {
  const parts = pointer.split('/')
  const last = parts.at(-1) ?? ''
  const way = parts[1] === 'auth_patterns' ? Number(parts[2]) : 0
  const term = TERMS[last] ?? pointer
  const labels = last === 'fields' ? labelsOf(value, payload?.auth_patterns[way]) : undefined
  const type = last === 'type' ? TYPES[value.toLowerCase()] : undefined
  return {
    term: way > 0 ? `${term} (way ${way + 1})` : term,
    value: type ?? labels ?? value,
    literal: type === undefined && labels === undefined && last !== 'description',
    confidence: confidence === 'high' || confidence === 'medium' ? confidence : 'low',
    ...(/^https?:/i.test(url) ? { url } : {}),
  }
}

function labelsOf(names: string, pattern: ProviderPayload['auth_patterns'][number] | undefined): string | undefined {
  const labels = names.split(', ').map((name) => pattern?.fields?.find(({ field_name }) => field_name === name)?.label)
  return labels.some((label) => label === undefined) ? undefined : labels.join(', ')
}
