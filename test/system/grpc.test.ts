import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { type CodedError, isCoded } from '@credence/errors'
import type { DeepPartial, SendRequest, SendResponse } from '@credence/proto/vault'
import { type GrpcClients, grpcClients } from '@credence/sdk'
import { type Channel, ChannelCredentials, ClientError, createChannel, createClient, Metadata, Status } from 'nice-grpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { factOf, fields, provide, type Scene, startScene, USER } from '../support/scene.ts'

const SECRET = 'canary-grpc-27d80e15'
const SERVICES = ['credence.registry.v1.RegistryService', 'credence.vault.v1.VaultService', 'credence.gateway.v1.GatewayService']
let scene: Scene
let clients: GrpcClients
let channel: Channel
let id = ''
let mirrored = ''
/** Sends every byte back as it comes. */
const mirror = createServer((request, response) => void request.pipe(response))

beforeAll(async () => {
  scene = await startScene({ sites: { 'mirror.wire.example': mirror } })
  clients = await grpcClients({ address: scene.platform.api, key: scene.key, user: USER })
  channel = createChannel(scene.platform.api, ChannelCredentials.createInsecure())
  const provider = await provide(scene, { type: 'BEARER', fields: fields('token*') })
  id = (await scene.ann.credentials.create({ providerId: provider.id, fields: { token: SECRET } })).id
  const back = await provide(scene, { type: 'BEARER', fields: fields('token*') }, { proxy_url: 'https://mirror.wire.example' })
  mirrored = (await scene.ann.credentials.create({ providerId: back.id, fields: { token: SECRET } })).id
}, 120_000)
afterAll(async () => {
  clients.close()
  channel.close()
  await scene.close()
})

type Part = DeepPartial<SendRequest>
const head = (path: string, more: object = {}): Part => ({
  part: { $case: 'head', value: { credentialId: id, method: 'GET', path, headers: [], user: '', consumer: '', noReplay: false, ...more } },
})
const chunk = (value: Buffer): Part => ({ part: { $case: 'chunk', value } })

async function* each(...parts: readonly Part[]): AsyncGenerator<Part> {
  yield* parts
}

interface Got {
  status: number
  headers: Record<string, string>
  chunks: Buffer[]
}

async function sent(parts: AsyncIterable<Part>): Promise<Got> {
  const got: Got = { status: 0, headers: {}, chunks: [] }
  for await (const answer of clients.vault.send(parts)) take(got, answer)
  return got
}

function take(got: Got, { part }: SendResponse): void {
  if (part?.$case === 'chunk') got.chunks.push(Buffer.from(part.value))
  if (part?.$case !== 'head') return
  got.status = part.value.status
  for (const { name, value } of part.value.headers) got.headers[name.toLowerCase()] = value
}

async function codedOf(call: Promise<unknown>): Promise<CodedError> {
  const error = await call.catch((thrown: unknown) => thrown)
  if (!isCoded(error)) throw new TypeError(`no coded refusal: ${String(error)}`)
  return error
}

const asBytes = (bytes: Uint8Array): Buffer => Buffer.from(bytes)
const BYTES = { requestSerialize: asBytes, requestDeserialize: asBytes, responseSerialize: asBytes, responseDeserialize: asBytes } as const

/** A method by its path, without any client of ours: bytes in, bytes out. */
function bare(path: string): (request: Uint8Array, metadata?: Record<string, string | Buffer>) => Promise<Buffer> {
  const client = createClient({ call: { path, requestStream: false, responseStream: false, ...BYTES } } as const, channel)
  return (request, metadata = {}) => client.call(Buffer.from(request), { metadata: Metadata(metadata) })
}

async function statusOf(call: Promise<unknown>): Promise<Status> {
  const error = await call.catch((thrown: unknown) => thrown)
  if (!(error instanceof ClientError)) throw new TypeError(`no status: ${String(error)}`)
  return error.code
}

/** A protobuf message of one string in field 1. */
const text1 = (text: string): Buffer => Buffer.concat([Buffer.from([0x0a, Buffer.byteLength(text)]), Buffer.from(text)])

describe('Send', () => {
  test('[C-5] [S2-17] makes the proxied call: the secret on the wire, the answer back in pieces', async () => {
    const got = await sent(
      each(
        head('/echo?a=1', {
          headers: [
            { name: 'X-Kept', value: 'yes' },
            { name: 'authorization', value: 'mine' },
          ],
        }),
      ),
    )
    expect(got.status).toBe(200)
    const { headers, path } = scene.api.requests.at(-1)!
    expect([headers.authorization, headers['x-kept'], path]).toEqual([`Bearer ${SECRET}`, 'yes', '/echo?a=1'])
    expect(Buffer.concat(got.chunks).toString()).not.toContain(SECRET)
  })

  test('[S2-18] [C-5] carries bodies both ways byte for byte, no piece over 64 KiB', async () => {
    const bytes = randomBytes(2 << 20)
    const pieces = Array.from({ length: 32 }, (_, i) => chunk(bytes.subarray(i << 16, (i + 1) << 16)))
    const up = await sent(each(head('/take', { method: 'POST', headers: [{ name: 'content-type', value: 'image/png' }] }), ...pieces))
    expect(up.status).toBe(200)
    expect(scene.api.requests.at(-1)).toMatchObject({
      bodyBytes: bytes.length,
      bodySha256: createHash('sha256').update(bytes).digest('hex'),
    })
    const down = await sent(each(head(`/big?bytes=${2 << 20}`)))
    const all = Buffer.concat(down.chunks)
    expect([all.length, all[65_537], all.at(-1)]).toEqual([2 << 20, 1, 255])
    expect(Math.max(...down.chunks.map((one) => one.length))).toBeLessThanOrEqual(65_536)
  })

  test('[S2-18] [C-5] is a stream in both directions: the API has the first piece before the second is sent', async () => {
    const second = Promise.withResolvers<void>()
    async function* parts(): AsyncGenerator<Part> {
      yield head('/late', { method: 'POST', credentialId: mirrored })
      yield chunk(Buffer.from('one'))
      await second.promise
      yield chunk(Buffer.from('two'))
    }
    const got: string[] = []
    for await (const { part } of clients.vault.send(parts())) {
      if (part?.$case === 'chunk') got.push(Buffer.from(part.value).toString())
      // The second piece leaves only when the first has come back.
      if (got.join('') === 'one') second.resolve()
    }
    expect(got.join('')).toBe('onetwo')
  })

  test("[S2-18] gives the provider's own errors back as answers", async () => {
    expect((await sent(each(head('/status/418')))).status).toBe(418)
  })

  test('[S2-17] a caller who goes away ends the call, and the next one works', async () => {
    const aborting = new AbortController()
    const parts = clients.vault.send(each(head('/big?bytes=50000000')), { signal: aborting.signal })
    const reading = (async () => {
      for await (const { part } of parts) if (part?.$case === 'chunk') aborting.abort()
    })()
    await expect(reading).rejects.toThrow()
    expect((await sent(each(head('/x')))).status).toBe(200)
  })

  test('[C-5] a stream that does not begin with its head, or is empty, is refused', async () => {
    expect((await codedOf(sent(each(chunk(Buffer.from('x')))))).code).toBe('INVALID_REQUEST')
    expect((await codedOf(sent(each()))).code).toBe('INVALID_REQUEST')
    expect((await codedOf(sent(each(head('no-slash'))))).code).toBe('INVALID_REQUEST')
    expect((await codedOf(sent(each(head('/../x'))))).code).toBe('HOST_REFUSED')
    for (const method of ['', 'GE T', 'CONNECT', 'TRACE']) {
      const code = await codedOf(sent(each(head('/x', { method })))).then((error) => error.code)
      expect(code, method).toMatch(/INVALID_REQUEST|METHOD_REFUSED/)
    }
    expect((await codedOf(sent(each(head('/x', { headers: [{ name: 'X-Bad', value: 'a\r\nX-Evil: 1' }] }))))).code).toBe('INVALID_REQUEST')
  })
})

describe('Check', () => {
  const ask = (credentialId: string, path = '/x'): Promise<unknown> =>
    clients.vault.check({ credentialId, method: 'GET', path, user: '', consumer: '' })

  test('[C-5] [S2-17] answers empty or what Send would refuse, and calls nobody', async () => {
    const before = scene.api.requests.length
    await ask(id)
    expect((await codedOf(ask(`cred_${'0'.repeat(26)}`))).code).toBe('NOT_FOUND')
    expect((await codedOf(ask(id, '/../x'))).code).toBe('HOST_REFUSED')
    await scene.ann.credentials.disable(id)
    expect((await codedOf(ask(id))).code).toBe('CREDENTIAL_DISABLED')
    expect((await codedOf(sent(each(head('/x'))))).code).toBe('CREDENTIAL_DISABLED')
    await scene.ann.credentials.enable(id)
    await ask(id)
    expect(scene.api.requests.length).toBe(before)
    await factOf(scene, 'credential.enabled', id)
  })

  test('[S2-20] a stranger gets the answer of an id that does not exist', async () => {
    const bob = await grpcClients({ address: scene.platform.api, key: scene.key, user: 'id:bob' })
    try {
      const foreign = await codedOf(bob.vault.check({ credentialId: id, method: 'GET', path: '/x', user: '', consumer: '' }))
      const none = await codedOf(ask(`cred_${'0'.repeat(26)}`))
      expect([foreign.code, foreign.message]).toEqual([none.code, none.message])
    } finally {
      bob.close()
    }
  })
})

describe('errors', () => {
  test('[C-5] carry ErrorInfo with the code as reason and the domain, and BadRequest with every fault', async () => {
    const payload = { display_name: 7, proxy_url: 'https://u:p@api.example.com', auth_patterns: [] }
    const error = await codedOf(clients.registry.createProvider({ payloadJson: Buffer.from(JSON.stringify(payload)) } as never))
    expect(error.code).toBe('INVALID_PROVIDER')
    const faults = error.details.faults ?? []
    expect(faults.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/display_name', '/proxy_url', '/proxy_enabled', '/auth_patterns']),
    )
    for (const { code, detail } of faults) expect([code, detail].every((said) => said.length > 3)).toBe(true)
    const raw = bare('/credence.registry.v1.RegistryService/Get')
    const auth = { authorization: `Bearer ${scene.key}`, 'credence-user': USER }
    const thrown = await raw(text1('cred_nothing'), auth).catch((it: unknown) => it)
    expect(thrown).toBeInstanceOf(ClientError)
    expect((thrown as ClientError).code).toBe(Status.NOT_FOUND)
  })

  test('[C-5] the reason and the domain stand in the status details of the wire', async () => {
    let details = ''
    const raw = createClient(
      { call: { path: '/credence.registry.v1.RegistryService/Get', requestStream: false, responseStream: false, ...BYTES } } as const,
      channel,
    )
    const metadata = Metadata({ authorization: `Bearer ${scene.key}`, 'credence-user': USER })
    const onTrailer = (trailer: { get(name: string): unknown }): void => {
      details = Buffer.from(trailer.get('grpc-status-details-bin') as Uint8Array).toString('latin1')
    }
    await expect(raw.call(text1('cred_nothing'), { metadata, onTrailer })).rejects.toThrow()
    for (const word of ['type.googleapis.com/google.rpc.ErrorInfo', 'NOT_FOUND', 'credence']) expect(details).toContain(word)
  })

  test('[C-5] a caller without a key, or with a wrong one, is UNAUTHENTICATED everywhere', async () => {
    for (const path of [`/${SERVICES[0]}/List`, `/${SERVICES[1]}/Check`, `/${SERVICES[2]}/GetSession`]) {
      const call = bare(path)
      expect(await statusOf(call(Buffer.alloc(0))), path).toBe(Status.UNAUTHENTICATED)
      const wrong = { authorization: `Bearer crd_${'0'.repeat(40)}` }
      expect(await statusOf(call(Buffer.alloc(0), wrong)), path).toBe(Status.UNAUTHENTICATED)
      expect(await statusOf(call(Buffer.alloc(0), { authorization: `Basic ${scene.key}` })), path).toBe(Status.UNAUTHENTICATED)
    }
  })

  test('[C-5] a message over 1 MiB is refused, and so are bytes that are no message; the channel stays good', async () => {
    const call = bare(`/${SERVICES[0]}/Get`)
    const auth = { authorization: `Bearer ${scene.key}`, 'credence-user': USER }
    expect(await statusOf(call(Buffer.alloc((1 << 20) + 1, 0x0a), auth))).toBe(Status.RESOURCE_EXHAUSTED)
    expect(await statusOf(call(Buffer.from([0x0a, 0xff, 0xff, 0xff]), auth))).not.toBe(Status.OK)
    expect((await codedOf(sent(each(head('/x', { method: 'POST' }), chunk(Buffer.alloc(2 << 20)))))).code).toBe('REQUEST_TOO_LARGE')
    await clients.registry.get({ credentialId: id } as never)
  })
})

describe('the listener for callers', () => {
  test('[C-5] does not know the methods that are for services', async () => {
    const auth = { authorization: `Bearer ${scene.key}`, 'credence-user': USER }
    const inner = [
      'vault.v1.VaultService/Seal',
      'vault.v1.VaultService/Probe',
      'vault.v1.VaultService/SetCaller',
      'vault.v1.VaultService/Refresh',
    ]
    inner.push('registry.v1.RegistryService/Authenticate', 'registry.v1.RegistryService/MarkExpired', 'verifier.v1.VerifierService/Verify')
    inner.push('refresher.v1.TokenRefresherService/GetPlan')
    for (const path of inner) expect(await statusOf(bare(`/credence.${path}`)(Buffer.alloc(0), auth)), path).toBe(Status.UNIMPLEMENTED)
  })

  test('[C-5] does not believe a principal or a peer that a caller writes himself', async () => {
    const forged = { 'x-credence-peer': 'registry', 'credence-principal-bin': Buffer.from('{}') }
    expect(await statusOf(bare(`/${SERVICES[0]}/List`)(Buffer.alloc(0), forged))).toBe(Status.UNAUTHENTICATED)
    const auth = { ...forged, authorization: `Bearer ${scene.key}` }
    expect(await statusOf(bare(`/${SERVICES[1]}/Seal`)(Buffer.alloc(0), auth))).toBe(Status.UNIMPLEMENTED)
  })

  test('[C-1] [C-5] says the health of each service, and that it does not know others', async () => {
    const check = bare('/grpc.health.v1.Health/Check')
    // HealthCheckResponse{status: SERVING}
    for (const name of SERVICES) expect([...(await check(text1(name)))], name).toEqual([0x08, 0x01])
    expect([...(await check(Buffer.alloc(0)))]).toEqual([0x08, 0x01])
    expect(await statusOf(check(text1('credence.nothing.v1.Nothing')))).toBe(Status.NOT_FOUND)
  })

  test('[C-1] [C-5] lists by reflection what it serves, and nothing else', async () => {
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
    const reflection = createClient({ info: { path, requestStream: true, responseStream: true, ...BYTES } } as const, channel)
    // ServerReflectionRequest{list_services: "*"}
    const asked = async function* () {
      yield Buffer.from([0x3a, 0x01, 0x2a])
    }
    let said = ''
    for await (const bytes of reflection.info(asked())) said += bytes.toString('latin1')
    for (const name of [...SERVICES, 'grpc.health.v1.Health']) expect(said).toContain(name)
    for (const name of ['VerifierService', 'TokenRefresherService']) expect(said).not.toContain(name)
  })
})
