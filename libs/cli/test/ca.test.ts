import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const SERVICES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway']
const DAY_MS = 86_400_000

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-ca-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const init = (...args: string[]) => runCli(['ca', 'init', '--out', join(folder, 'tls'), ...args])
const text = (name: string): string => readFileSync(join(folder, 'tls', name), 'utf8')
const certificate = (name: string): X509Certificate => new X509Certificate(text(`${name}.crt`))

test('a certificate and a key for each service, and nobody else reads a key', async () => {
  const { code, stdout, stderr } = await init('-o', 'json')
  expect(code).toBe(0)
  expect((JSON.parse(stdout) as { service: string }[]).map(({ service }) => service)).toEqual(SERVICES)
  expect(stderr).toContain('A new authority')
  const files = Object.fromEntries(
    readdirSync(join(folder, 'tls')).map((name) => [name, (statSync(join(folder, 'tls', name)).mode & 0o777).toString(8)]),
  )
  const leaves = SERVICES.flatMap((service) => [
    [`${service}.crt`, '644'],
    [`${service}.key`, '600'],
  ])
  expect(files).toEqual({ ...Object.fromEntries(leaves), 'ca.crt': '644', 'ca.pem': '600' })
  expect((statSync(join(folder, 'tls')).mode & 0o777).toString(8)).toBe('700')
  // Services are given `ca.crt`: the key of the authority stays where it was made.
  expect(text('ca.crt')).not.toContain('PRIVATE KEY')
})

test('a certificate names its service for the allow table, and the hosts that were asked for', async () => {
  await init('--host', 'vault.internal', '--host', 'other.internal', '--days', '30')
  for (const service of SERVICES) {
    const { subjectAltName = '', validTo } = certificate(service)
    for (const name of [`URI:spiffe://credence/${service}`, 'DNS:localhost', `DNS:${service}`, 'DNS:vault.internal', 'DNS:other.internal'])
      expect(subjectAltName.split(', ')).toContain(name)
    expect(subjectAltName.match(/spiffe:/g)).toHaveLength(1)
    expect(certificate(service).verify(certificate('ca').publicKey)).toBe(true)
    const days = (Date.parse(validTo) - Date.now()) / DAY_MS
    expect(Math.round(days)).toBe(30)
  }
})

test('two services speak to each other with them, each showing its certificate', async () => {
  await init()
  const own = (service: string) => ({ ca: text('ca.crt'), cert: text(`${service}.crt`), key: text(`${service}.key`) })
  const shown = Promise.withResolvers<string | undefined>()
  const server = createServer({ ...own('vault'), requestCert: true }, (socket) => {
    shown.resolve(socket.getPeerX509Certificate()?.subjectAltName)
    socket.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: 'vault', ...own('registry') })
  try {
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    expect(socket.getPeerX509Certificate()?.subjectAltName).toContain('spiffe://credence/vault')
    expect(await shown.promise).toContain('spiffe://credence/registry')
  } finally {
    socket.destroy()
    server.close()
  }
})

test('again: new certificates of the same authority, so that one service after another can change', async () => {
  await init()
  const before = { authority: text('ca.pem'), ca: text('ca.crt'), leaf: text('vault.crt'), key: text('vault.key') }
  const { code, stderr } = await init()
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('A new authority')])
  expect([text('ca.pem'), text('ca.crt')]).toEqual([before.authority, before.ca])
  expect([text('vault.crt') === before.leaf, text('vault.key') === before.key]).toEqual([false, false])
  expect(new X509Certificate(before.leaf).verify(certificate('ca').publicKey)).toBe(true)
  expect(certificate('vault').verify(certificate('ca').publicKey)).toBe(true)
  expect((statSync(join(folder, 'tls', 'vault.key')).mode & 0o777).toString(8)).toBe('600')
})

test.each(['0', '-1', '1.5', '3651', 'a', ''])('a wrong number of days makes nothing: --days %j', async (days) => {
  const { code, stdout, stderr } = await init(`--days=${days}`)
  expect([code, stdout, readdirSync(folder)]).toEqual([2, '', []])
  expect(stderr).toContain('INVALID_SETTING')
})
