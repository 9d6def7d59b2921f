import { readFileSync } from 'node:fs'

/** The documented bearer payload with members of a test's own. */
export function bearerPayload(change: Readonly<Record<string, unknown>>): string {
  const payload = JSON.parse(readFileSync(new URL('../../libs/provider/test/payloads/bearer.json', import.meta.url), 'utf8'))
  const { account_fields, ...rest } = change
  Object.assign(payload, rest)
  Object.assign(payload.auth_patterns[0], account_fields === undefined ? {} : { account_fields })
  return JSON.stringify(payload)
}

/** A wrong key shows when it is connected; a plain field stands beside the secret one. */
export const CHECKED: Readonly<Record<string, unknown>> = {
  display_name: 'Example CRM',
  verify: { path: '/me' },
  account_fields: [{ field_name: 'workspace', label: 'Workspace', input_type: 'text', hint: 'As in its address', required: true }],
}

/** Its check finds the provider out of order. */
export const DOWN: Readonly<Record<string, unknown>> = { display_name: 'Example Status', verify: { path: '/status/503' } }

/** Two ways to the same API. */
export const TWO_WAYS: Readonly<Record<string, unknown>> = {
  display_name: 'Example Files',
  auth_patterns: [
    {
      type: 'API_KEY',
      display_name: 'With an API key',
      description: 'From your settings',
      auth_header_key_override: 'X-API-Key',
      fields: [{ field_name: 'api_key', label: 'Key', input_type: 'password', required: true }],
    },
    {
      type: 'BEARER',
      display_name: 'With a service token',
      description: 'For scripts of your own',
      fields: [{ field_name: 'token', label: 'Token', input_type: 'password', required: true }],
    },
  ],
  proxy_url: 'https://api.example.com',
  proxy_enabled: true,
}
