/** What every service says of a credential: its ids, families, states, the legal moves between them, and who may ask for what. */

export { AUTH_PAIRS, AUTH_TYPES, type AuthPair, type AuthType, authTypeOf, type CapabilityMode, MODES } from './auth-mode.ts'
export { type CredentialFamily, FAMILIES, familyOf, hasGrant } from './family.ts'
export { type CredentialId, type Id, type IdPrefix, idOf, isId, newId } from './id.ts'
export { matchesPath, pathPatternFault } from './path-pattern.ts'
export { ROLE_SCOPES, type Role, SCOPES, type Scope } from './scope.ts'
export { SECURITY_LEVELS, type SecurityLevel } from './security-level.ts'
export { type CredentialHealth, type CredentialMove, type CredentialStatus, HEALTHS, moveStatus, STATUSES } from './status.ts'
export { foldUserName, type UserName } from './user-name.ts'
