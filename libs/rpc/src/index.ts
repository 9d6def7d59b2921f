/** Calls between services: who may call what, identity, deadline, error mapping and trace, each decided in one place. */
export { ALLOW, type Peer, SERVICE_NAMES, type ServiceName } from './allow-table.ts'
export { callAs, openChannel, type RpcChannel } from './client.ts'
export { type Authenticate, type RpcContext, type RpcMount, rpcMount } from './mount.ts'
export { openPeers, type Peers } from './peers.ts'
export { type Principal, servicePrincipal } from './principal.ts'
export { type RpcServer, type RpcServerOptions, serveRpc, type TlsIdentity } from './server.ts'
