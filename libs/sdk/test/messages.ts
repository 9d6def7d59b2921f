/** Answers as REST writes them: snake_case, times as RFC 3339, empty members left out. */
export const CREDENTIAL: Readonly<Record<string, unknown>> & { readonly reconnect_url: string } = {
  id: 'cred_1',
  label: 'Work',
  owner: { user: 'usr_1', names: ['id:ann'] },
  level: 'user',
  family: 'bearer',
  provider_id: 'prov_1',
  provider_name: 'Acme',
  provider_version: 2,
  pattern: 0,
  status: 'active',
  account_fields: { home_region: 'eu' },
  scopes: [],
  shares: [{ subject: 'project', names: [], permission: 'use' }],
  tags: { cost_center: '7', 'Team Name': 'x' },
  created_at: '2026-11-21T01:02:03.000Z',
  last_error: { code: 'refused', at: '2026-11-21T01:02:04.000Z' },
  reconnect_url: 'http://localhost:7400/r/cred_1',
  consumer_count: 0,
}

export const SESSION = {
  id: 'sess_1',
  state: 'open',
  provider_id: 'prov_1',
  confirm: 'host',
  expires_at: '2026-11-21T01:32:03.000Z',
  user: 'usr_1',
}

export function event(position: number, type = 'dev.credence.credential.refreshed'): object {
  return {
    specversion: '1.0',
    id: `evt_${position}`,
    type,
    source: 'credence/vault',
    project: 'proj_1',
    subject: 'cred_1',
    seq: position,
    time: '2026-11-21T01:02:03.000Z',
    datacontenttype: 'application/json',
    data: { version: position, reason_code: 'due' },
    cursor: `e.${position}`,
  }
}
