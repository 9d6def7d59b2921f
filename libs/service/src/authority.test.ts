import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from './authority.ts'
import { systemClock, systemRandom } from './clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'credence-ca-'))
afterAll(() => rmSync(folder, { recursive: true }))

const make = (options: { pem?: string; folder?: string } = {}): Authority =>
  createAuthority({ random: systemRandom, clock: systemClock, name: 'test authority', ...options })

const DAY_MS = 86_400_000

/** One TLS handshake over loopback with client certificates demanded; gives the URI name that the server saw. */
async function handshake(authority: Authority, clientAuthority: Authority, hostname: string): Promise<string | undefined> {
  const forServer = authority.issue({ commonName: 'server', dnsNames: ['vault.example'], ipAddresses: ['127.0.0.1', '::1'] })
  const forClient = clientAuthority.issue({ commonName: 'client', uris: ['spiffe://credence/gateway'], client: true, server: false })
  const server = tls.createServer({
    cert: forServer.certPem,
    key: forServer.keyPem,
    ca: authority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined)
    socket.end(socket.getPeerCertificate().subjectaltname ?? '')
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  try {
    return await new Promise<string>((resolve, reject) => {
      const client = tls.connect({
        host: '127.0.0.1',
        port,
        servername: hostname,
        ca: authority.certificatePem,
        cert: forClient.certPem,
        key: forClient.keyPem,
      })
      let seen = ''
      client.on('data', (chunk) => {
        seen += chunk.toString()
      })
      client.on('end', () => resolve(seen))
      client.on('error', reject)
    })
  } finally {
    server.close()
  }
}

describe('an authority', () => {
  test('signs certificates that both ends of a mutual handshake accept', async () => {
    const authority = make()
    expect(await handshake(authority, authority, 'vault.example')).toBe('URI:spiffe://credence/gateway')
  })

  test('gives no certificate that a client takes for another name', async () => {
    const authority = make()
    await expect(handshake(authority, authority, 'registry.example')).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  })

  test('of another installation is refused although it has the same name', async () => {
    // Whether the client sees an alert or only the end of the connection depends on which packet comes first.
    expect(await handshake(make(), make(), 'vault.example').catch(() => '')).toBe('')
  })

  test('writes names, purposes and validity where a reader of certificates finds them', () => {
    const authority = make()
    const { certPem } = authority.issue({
      commonName: 'vault',
      dnsNames: ['a.example'],
      ipAddresses: ['127.0.0.1', '2001:db8::7'],
      days: 2,
    })
    const certificate = new X509Certificate(certPem)
    expect(certificate.subject).toBe('CN=vault')
    expect(certificate.subjectAltName).toBe('DNS:a.example, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:7')
    expect(certificate.ca).toBe(false)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    const forClient = authority.issue({ commonName: 'gateway', client: true, server: false })
    expect(new X509Certificate(forClient.certPem).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
    expect(certificate.verify(new X509Certificate(authority.certificatePem).publicKey)).toBe(true)
    expect(new X509Certificate(authority.certificatePem).ca).toBe(true)
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / DAY_MS)).toBe(2)
  })

  test('gives certificates beyond 2049 and serial numbers with a high first bit that parse', () => {
    const clock = { ...systemClock, now: () => Date.parse('2060-02-03T04:05:06Z') }
    const random = { ...systemRandom, bytes: (count: number) => new Uint8Array(count).fill(0xff) }
    const certificate = new X509Certificate(createAuthority({ random, clock, name: 'later' }).certificatePem)
    expect(new Date(certificate.validFrom).toISOString()).toBe('2060-02-03T04:00:06.000Z')
    expect(certificate.serialNumber).toBe('FF'.repeat(16))
  })

  test('is the same one after a restart from its folder, readable by its owner alone', () => {
    const first = make({ folder })
    const again = make({ folder })
    expect(again.certificatePem).toBe(first.certificatePem)
    expect(statSync(join(folder, 'ca.pem')).mode & 0o777).toBe(0o600)
    expect(make({ pem: first.exportPem() }).exportPem()).toBe(readFileSync(join(folder, 'ca.pem'), 'utf8'))
  })

  test('whose stored key belongs to another certificate is refused at start', () => {
    const certificate = make().certificatePem
    const key = make()
      .exportPem()
      .replace(/^.*-----END CERTIFICATE-----\n/s, '')
    expect(() => make({ pem: certificate + key })).toThrowError(expect.objectContaining({ code: 'KEY_MISMATCH' }))
    writeFileSync(join(folder, 'ca.pem'), 'torn')
    expect(() => make({ folder })).toThrowError(expect.objectContaining({ code: 'KEY_MISMATCH' }))
  })
})
