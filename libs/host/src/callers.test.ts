import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError } from '@credence/errors'
import type { RpcServer } from '@credence/rpc'
import { createLogger, startTracing } from '@credence/service'
import { unmeasured } from '@credence/service/metrics'
import { testAuthority } from '@credence/testkit'
import { type ChannelCredentials, Client, credentials, status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { serveCallers } from './callers.ts'

const parts = {
  log: createLogger({ service: 'test', level: 'silent' }),
  tracing: startTracing({ serviceName: 'test' }),
  metrics: unmeasured,
}
const service = { mounts: [], authenticate: () => Promise.reject(new CodedError('UNAUTHENTICATED')) }
let folder = ''
let certificate: { apiTlsCert: string; apiTlsKey: string }
const open: (RpcServer | undefined)[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-callers-'))
  const { certPem, keyPem } = testAuthority().issue({ commonName: 'api', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] })
  certificate = { apiTlsCert: join(folder, 'api.crt'), apiTlsKey: join(folder, 'api.key') }
  writeFileSync(certificate.apiTlsCert, certPem)
  writeFileSync(certificate.apiTlsKey, keyPem)
})
afterEach(async () => {
  for (const server of open.splice(0)) await server?.stop()
})
afterAll(() => rmSync(folder, { recursive: true }))

const serve = async (host: string, given: { apiTlsCert?: string; apiTlsKey?: string }): Promise<RpcServer | undefined> => {
  const settings = { host, apiPort: 0, apiTlsCert: given.apiTlsCert, apiTlsKey: given.apiTlsKey }
  const server = await serveCallers(service, settings, parts)
  open.push(server)
  return server
}

/** The bytes of a HealthCheckResponse, or the status of the refusal. */
function askHealth(server: RpcServer | undefined, how: ChannelCredentials): Promise<readonly number[] | number> {
  const client = new Client(`localhost:${server?.port}`, how)
  const raw = (bytes: Buffer): Buffer => bytes
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + 5_000 }
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', raw, raw, Buffer.alloc(0), options, (error, answer) => {
      client.close()
      resolve(error === null ? [...(answer ?? [])] : error.code)
    })
  })
}

/** `status: SERVING`, grpc/health/v1/health.proto. */
const SERVING = [8, 1]

test('callers are served in plain text on loopback', async () => {
  for (const host of ['127.0.0.1', 'localhost'])
    expect(await askHealth(await serve(host, {}), credentials.createInsecure())).toEqual(SERVING)
})

test.each(['0.0.0.0', '192.0.2.1', '::', '10.127.0.1', '127.example'])(
  'keys do not cross a network in plain text: %s without a certificate is refused, with both settings',
  async (host) => {
    const faults = ['/CREDENCE_API_TLS_CERT', '/CREDENCE_API_TLS_KEY'].map((pointer) => ({ pointer, code: 'MISSING_VALUE' }))
    await expect(serve(host, {})).rejects.toMatchObject({ code: 'INVALID_SETTING', details: { faults } })
  },
)

test('a certificate whose key was forgotten does not become a listener without one, not even on loopback', async () => {
  const { apiTlsCert, apiTlsKey } = certificate
  const faults = (name: string) => ({ code: 'INVALID_SETTING', details: { faults: [{ pointer: `/CREDENCE_API_TLS_${name}` }] } })
  await expect(serve('127.0.0.1', { apiTlsCert })).rejects.toMatchObject(faults('KEY'))
  await expect(serve('127.0.0.1', { apiTlsKey })).rejects.toMatchObject(faults('CERT'))
})

test('with its certificate a listener takes whoever trusts the authority, and nobody in plain text', async () => {
  const server = await serve('127.0.0.1', certificate)
  expect(await askHealth(server, credentials.createSsl(Buffer.from(testAuthority().certificatePem)))).toEqual(SERVING)
  expect(await askHealth(server, credentials.createSsl())).toBe(status.UNAVAILABLE)
  expect(await askHealth(server, credentials.createInsecure())).toBe(status.UNAVAILABLE)
})

test('a service without methods for callers has no listener for them', async () => {
  const settings = { host: '0.0.0.0', apiPort: 0, apiTlsCert: undefined, apiTlsKey: undefined }
  expect(await serveCallers({ mounts: [] }, settings, parts)).toBeUndefined()
})
