import { CodedError } from '@credence/errors'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { type RpcContext, rpcMount, serveRpc } from '@credence/rpc'
import { createLogger, startTracing } from '@credence/service'
import { expect, test } from 'vitest'
import { createCredence, grpcClients } from '../src/index.ts'

type Shown = { readonly authorization: string; readonly user: string }

/** The API listener with one method that answers, and the rest of the contract refused. */
async function startApi(shown: Shown[]) {
  const get = async ({ credentialId }: { credentialId: string }, _context: RpcContext): Promise<object> => {
    if (credentialId === 'cred_gone') throw new CodedError('CREDENTIAL_DELETED', undefined, { credentialId })
    return { credential: { id: credentialId, label: 'Work' } }
  }
  const refused = new Proxy({ get } as never, {
    get: (target, name) => Reflect.get(target, name) ?? (async () => Promise.reject(new CodedError('NOT_FOUND'))),
  })
  return serveRpc({
    host: '127.0.0.1',
    port: 0,
    mounts: [rpcMount(RegistryServiceDefinition, refused)],
    log: createLogger({ service: 'test', write: () => undefined }),
    tracing: startTracing({ serviceName: 'test', endpoint: undefined }),
    authenticate: async (given: Shown) => {
      shown.push(given)
      return { project: 'proj_1', subject: 'key_1', user: '', userNames: [], roles: [], scopes: [], via: 'grpc' }
    },
  })
}

test('[C-5] typed gRPC clients carry key and user, and errors come back with their code', async () => {
  const shown: Shown[] = []
  const api = await startApi(shown)
  const clients = await grpcClients({ address: `${api.host}:${api.port}`, key: 'crd_k', user: 'id:ann' })
  try {
    expect((await clients.registry.get({ credentialId: 'cred_1' })).credential).toMatchObject({ id: 'cred_1', label: 'Work' })
    await expect(clients.registry.get({ credentialId: 'cred_gone' })).rejects.toMatchObject({ code: 'CREDENTIAL_DELETED' })
    expect(shown[0]).toMatchObject({ authorization: 'Bearer crd_k', user: 'id:ann' })
  } finally {
    clients.close()
    await api.stop()
  }
})

test('a client without a gRPC address says so', () => {
  expect(() => createCredence({ apiUrl: 'http://127.0.0.1:1', key: 'k' }).grpc()).toThrow(TypeError)
})
