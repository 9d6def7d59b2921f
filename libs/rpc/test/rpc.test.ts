import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { CodedError } from '@credence/errors'
import { RegistryServiceDefinition } from '@credence/proto/registry'
import { VaultServiceDefinition } from '@credence/proto/vault'
import { createAuthority, createLogger, startTracing, systemClock, systemRandom } from '@credence/service'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  ALLOW,
  callAs,
  openChannel,
  openPeers,
  type Principal,
  type RpcMount,
  type RpcServer,
  rpcMount,
  type ServiceName,
  serveRpc,
  servicePrincipal,
  type TlsIdentity,
} from '../src/index.ts'

const authority = createAuthority({ random: systemRandom, clock: systemClock, name: 'test' })
const stranger = createAuthority({ random: systemRandom, clock: systemClock, name: 'stranger' })
const identity = (service: string, from = authority): TlsIdentity => ({
  ...from.issue({
    commonName: service,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    uris: [`spiffe://credence/${service}`],
    client: true,
    server: true,
  }),
  caPem: authority.certificatePem,
})

const seen: { principal: Principal; from: string }[] = []
let answer: () => Promise<object> = async () => ({})
const lines: string[] = []

/** Every method of the vault answers what the test says; the caller is what is looked at. */
function mountOf(): RpcMount {
  const methods = Object.fromEntries(
    Object.keys(VaultServiceDefinition.methods).map((name) => [
      name,
      async (_request: unknown, context: { principal: Principal; from: string }) => {
        seen.push({ principal: context.principal, from: context.from })
        return answer()
      },
    ]),
  )
  return rpcMount(VaultServiceDefinition, methods as never)
}

const log = createLogger({ service: 'test', write: (line) => void lines.push(line) })
const tracing = startTracing({ serviceName: 'test' })
let service: RpcServer
let caller: RpcServer

beforeAll(async () => {
  service = await serveRpc({ host: '127.0.0.1', port: 0, mounts: [mountOf()], log, tracing, tls: identity('vault') })
  const authenticate = async ({ authorization }: { authorization: string }): Promise<Principal> => {
    if (authorization !== 'Bearer crd_good') throw new CodedError('UNAUTHENTICATED')
    return { ...servicePrincipal('x', 'proj_1'), subject: 'key_1', via: 'grpc' }
  }
  caller = await serveRpc({ host: '127.0.0.1', port: 0, mounts: [mountOf()], log, tracing, authenticate })
})
afterAll(async () => {
  await service.stop()
  await caller.stop()
})

const vaultAs = (name: string, tls = identity(name)) =>
  openPeers({ tls, address: () => `127.0.0.1:${service.port}` }).client('vault', VaultServiceDefinition)
const code = (error: unknown): unknown => (error instanceof CodedError ? error.code : error)

describe('a channel between services', () => {
  test('[S2-20] speaks to the service that it means, by its certificate, and to no other of the same authority', async () => {
    const impostor = await serveRpc({ host: '127.0.0.1', port: 0, mounts: [mountOf()], log, tracing, tls: identity('verifier') })
    const address = (): string => `127.0.0.1:${impostor.port}`
    const before = seen.length
    const client = openPeers({ tls: identity('registry'), address }).client('vault', VaultServiceDefinition)
    expect(await client.putRecipe({ recipeId: 'x', recipe: Buffer.alloc(0) }, callAs(servicePrincipal('registry'))).catch(code)).toBe(
      'UNAVAILABLE',
    )
    expect(seen.length).toBe(before)
    await impostor.stop()
  })

  test('[C-1] goes round over the replicas, and goes on when one of them stops', async () => {
    const replicas = await Promise.all(
      ['a', 'b'].map(async (name) => {
        let calls = 0
        const count = async (): Promise<object> => {
          calls++
          return {}
        }
        const methods = Object.fromEntries(Object.keys(VaultServiceDefinition.methods).map((method) => [method, count]))
        const mounts = [rpcMount(VaultServiceDefinition, methods as never)]
        const server = await serveRpc({ host: '127.0.0.1', port: 0, mounts, log, tracing, tls: identity('vault') })
        return { name, server, calls: () => calls }
      }),
    )
    const address = (): string => replicas.map(({ server }) => `127.0.0.1:${server.port}`).join(',')
    const peers = openPeers({ tls: identity('registry'), address })
    const push = () =>
      peers
        .client('vault', VaultServiceDefinition)
        .putRecipe({ recipeId: 'x', recipe: Buffer.alloc(0) }, callAs(servicePrincipal('registry')))
    // Until both are connected the first one has them all.
    await expect
      .poll(async () => {
        await push()
        return replicas.every(({ calls }) => calls() > 0)
      })
      .toBe(true)
    const [first, second] = replicas
    const stopped = first!.server.stop()
    const before = second!.calls()
    for (let i = 0; i < 20; i++) await push()
    await stopped
    for (let i = 0; i < 20; i++) await push()
    expect(second!.calls() - before).toBeGreaterThanOrEqual(20)
    peers.close()
    await second!.server.stop()
  })
})

describe('service listener', () => {
  test('[S2-20] believes a principal from the gateway and from nobody else', async () => {
    const principal: Principal = {
      project: 'proj_9',
      subject: 'key_9',
      user: 'usr_9',
      userNames: ['id:x'],
      roles: ['admin'],
      scopes: ['use'],
      via: 'http',
    }
    await vaultAs('gateway').seal({}, callAs(principal))
    expect(seen.at(-1)).toEqual({ principal, from: 'gateway' })
    await vaultAs('token-refresher').refresh({}, callAs(principal))
    expect(seen.at(-1)?.principal).toEqual(servicePrincipal('token-refresher'))
    await vaultAs('token-refresher').refresh({}, callAs(servicePrincipal('token-refresher', 'proj_3')))
    expect(seen.at(-1)?.principal.project).toBe('proj_3')
  })

  test('every method is refused to every service that the table does not name', async () => {
    const services: ServiceName[] = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway']
    for (const name of services) {
      const client = vaultAs(name) as unknown as Record<
        string,
        (request: object, options: object) => Promise<object> | AsyncIterable<object>
      >
      for (const [key, method] of Object.entries(VaultServiceDefinition.methods)) {
        if (method.responseStream) continue
        const allowed = ALLOW.get(`/${VaultServiceDefinition.fullName}/${method.name}`)?.includes(name)
        const outcome = await Promise.resolve(client[key]!({}, callAs(servicePrincipal(name)))).then(() => 'ok', code)
        expect(`${name} ${key} ${outcome}`).toBe(`${name} ${key} ${allowed ? 'ok' : 'SCOPE_REQUIRED'}`)
      }
    }
  })

  test('a certificate of another authority, or none, does not get in', async () => {
    await expect(vaultAs('gateway', identity('gateway', stranger)).seal({}, callAs(servicePrincipal('gateway')))).rejects.toSatisfy(
      (error) => code(error) === 'UNAVAILABLE',
    )
    const plain = openChannel(`127.0.0.1:${service.port}`).client(VaultServiceDefinition)
    await expect(plain.seal({}, callAs(servicePrincipal('gateway')))).rejects.toSatisfy((error) => code(error) === 'UNAVAILABLE')
  })
})

describe('caller listener', () => {
  test('mounts only the methods that callers may use', async () => {
    const client = openChannel(`127.0.0.1:${caller.port}`, { authorization: 'Bearer crd_good' }).client(VaultServiceDefinition)
    await client.check({ credentialId: 'cred_1' })
    expect(seen.at(-1)).toMatchObject({ from: 'caller', principal: { project: 'proj_1', subject: 'key_1' } })
    await expect(client.seal({})).rejects.toSatisfy((error) => code(error) === 'NOT_FOUND')
  })

  test('refuses a wrong key and drops a forwarded principal', async () => {
    const wrong = openChannel(`127.0.0.1:${caller.port}`, { authorization: 'Bearer crd_bad' }).client(VaultServiceDefinition)
    await expect(wrong.check({})).rejects.toSatisfy((error) => code(error) === 'UNAUTHENTICATED')
    const client = openChannel(`127.0.0.1:${caller.port}`, { authorization: 'Bearer crd_good' }).client(VaultServiceDefinition)
    await client.check({}, callAs({ ...servicePrincipal('gateway', 'proj_other'), scopes: ['use'] }))
    expect(seen.at(-1)?.principal.project).toBe('proj_1')
  })
})

test('a port that somebody holds is PORT_IN_USE, with its number', async () => {
  const again = serveRpc({ host: '127.0.0.1', port: service.port, mounts: [mountOf()], log, tracing, tls: identity('vault') })
  await expect(again).rejects.toMatchObject({ code: 'PORT_IN_USE', message: expect.stringContaining(String(service.port)) })
})

describe('errors', () => {
  test('cross the wire whole, with every fault, the reconnect link and the wait', async () => {
    const faults = [{ pointer: '/fields/domain', code: 'not_a_host', detail: 'Write a host, for example acme.example.com.' }]
    const sent = new CodedError('FIELD_REFUSED', 'Two fields cannot be used.', {
      faults,
      credentialId: 'cred_1',
      reconnectUrl: 'http://localhost/r/cred_1',
      retryAfterMs: 1500,
      facts: { reason: 'x' },
    })
    answer = async () => {
      throw sent
    }
    const error = await vaultAs('gateway')
      .seal({}, callAs(servicePrincipal('gateway')))
      .catch((thrown: unknown) => thrown)
    answer = async () => ({})
    expect(error).toBeInstanceOf(CodedError)
    expect({ code: (error as CodedError).code, message: (error as CodedError).message, details: (error as CodedError).details }).toEqual({
      code: 'FIELD_REFUSED',
      message: 'Two fields cannot be used.',
      details: sent.details,
    })
  })

  test('a call that takes too long is DEADLINE_EXCEEDED, and one that its caller gave up is not', async () => {
    answer = () => new Promise(() => undefined)
    const late = await vaultAs('gateway')
      .seal({}, callAs(servicePrincipal('gateway'), { timeoutMs: 50 }))
      .catch((thrown: unknown) => thrown)
    expect(code(late)).toBe('DEADLINE_EXCEEDED')
    const stop = new AbortController()
    const left = vaultAs('gateway')
      .seal({}, callAs(servicePrincipal('gateway'), { signal: stop.signal }))
      .catch((thrown: unknown) => thrown)
    stop.abort()
    expect(await left).not.toBeInstanceOf(CodedError)
    answer = async () => ({})
  })

  test('[S2-19] an unknown error becomes INTERNAL with an incident id, and its text goes nowhere', async () => {
    answer = async () => {
      throw new TypeError('canary-secret-in-a-message')
    }
    const error = await vaultAs('gateway')
      .seal({}, callAs(servicePrincipal('gateway')))
      .catch((thrown: unknown) => thrown)
    answer = async () => ({})
    expect(code(error)).toBe('INTERNAL')
    expect((error as CodedError).details.facts?.incident).toMatch(/\w{6,}/)
    expect(`${(error as Error).message}${lines.join('')}`).not.toContain('canary-secret')
  })
})

test('the allow table names every method of every service, and none that does not exist', () => {
  const descriptors = readFileSync(createRequire(import.meta.url).resolve('@credence/proto/descriptors.binpb'), 'latin1')
  for (const path of ALLOW.keys()) {
    const [, service = '', method = ''] = path.split('/')
    expect(descriptors).toContain(service.split('.').at(-1))
    expect(descriptors).toContain(method)
  }
  for (const definition of [VaultServiceDefinition, RegistryServiceDefinition]) {
    for (const method of Object.values(definition.methods))
      expect(ALLOW.has(`/${definition.fullName}/${method.name}`), method.name).toBe(true)
  }
})
