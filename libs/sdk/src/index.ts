/** What a user's program imports: a typed client of the REST API, fetch through the proxy, and typed gRPC clients. */
export type { Grant, NewCapability } from './capabilities.ts'
export { type Credence, type CredenceOptions, createCredence } from './create-credence.ts'
export { CredenceError } from './credence-error.ts'
export type { NewCredential } from './credentials.ts'
export { type GrpcClients, grpcClients } from './grpc-clients.ts'
export type { NewIdentityRecord } from './identity.ts'
export type {
  Capability,
  Consent,
  Consumer,
  CredenceEvent,
  Credential,
  HistoryEntry,
  IdentityRecord,
  Key,
  OauthClient,
  Pass,
  Project,
  Provider,
  Session,
  Setup,
} from './messages.ts'
export type { ProviderReview, SavedProvider } from './providers.ts'
export type { NewSession } from './sessions.ts'
export type { MintedToken, TokenRequest } from './widget.ts'
export { toWire as wireJson } from './wire-names.ts'
