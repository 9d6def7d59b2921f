/** What a user's program imports: a typed client of the REST API, fetch through the proxy, and typed gRPC clients. */
export { type Credence, type CredenceOptions, createCredence } from './create-credence.ts'
export { CredenceError } from './credence-error.ts'
export type { NewCredential, Replacement } from './credentials.ts'
export type { Reset, TailOptions } from './events.ts'
export { type GrpcClients, type GrpcOptions, grpcClients } from './grpc-clients.ts'
export type {
  Consumer,
  CredenceEvent,
  Credential,
  HistoryEntry,
  Key,
  OauthClient,
  Project,
  Provider,
  Session,
  Verdict,
} from './messages.ts'
export type { NewSession } from './sessions.ts'
