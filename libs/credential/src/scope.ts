/** The closed list of what a caller may be allowed to do. */
export const SCOPES = [
  'use',
  'act_for',
  'credentials.read',
  'credentials.write',
  'sessions',
  'mint',
  'providers',
  'clients',
  'events.read',
  'keys',
  'project',
] as const
export type Scope = (typeof SCOPES)[number]

export type Role = 'owner' | 'admin' | 'member' | 'auditor'

/** Roles are fixed sets of scopes. An auditor reads events, which hold ids without label or account. */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  owner: SCOPES,
  admin: SCOPES.filter((scope) => scope !== 'act_for'),
  member: ['use', 'credentials.read', 'credentials.write', 'sessions'],
  auditor: ['events.read'],
}
