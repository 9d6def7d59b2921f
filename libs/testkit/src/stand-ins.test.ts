import { createHash, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { startOidcProvider } from './oidc/start-oidc-provider.ts'
import { startStandIns } from './stand-ins.ts'
import { testAuthority } from './test-authority.ts'
import { startUpstream } from './upstream/upstream.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
const keep = <T extends { close(): Promise<void> }>(one: T): T => {
  open.unshift(one)
  return one
}

/** GET of `path` from the real name of a host, at the loopback address that stands in for it. */
function get(host: string, path: string, via: { port: number; ca: string }): Promise<{ status: number; body: string; subject: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: via.port, path, servername: host, ca: via.ca, headers: { host }, agent: false }
    const sent = request(options, async (response) => {
      const subject = (response.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(await response.toArray()).toString(), subject: String(subject) })
    })
    sent.on('error', reject).end()
  })
}

describe('stand-ins', () => {
  test('answer under real names with a certificate of the test authority', async () => {
    const asana = keep(await startUpstream())
    const freshdesk = keep(await startUpstream())
    const standIns = keep(
      await startStandIns([
        { host: 'app.asana.com', target: asana.server },
        { host: 'acme.freshdesk.com', target: freshdesk.port },
      ]),
    )
    const ca = readFileSync(standIns.caFile, 'utf8')
    const { port } = standIns
    expect((await get('app.asana.com', '/api', { port, ca })).status).toBe(200)
    expect((await get('acme.freshdesk.com', '/v2', { port, ca })).status).toBe(200)
    expect(asana.requests.map(({ path, headers }) => [headers.host, path])).toEqual([['app.asana.com', '/api']])
    expect(freshdesk.requests.map(({ path, headers }) => [headers.host, path])).toEqual([['acme.freshdesk.com', '/v2']])
    await expect(get('evil.example', '/', { port, ca })).rejects.toThrow()
  })

  test('name themselves in the form of the operator settings', async () => {
    const upstream = keep(await startUpstream())
    const standIns = await startStandIns([
      { host: 'app.asana.com', target: upstream.server },
      { host: 'auth.internal:8443', target: upstream.server },
    ])
    const at = `127.0.0.1:${standIns.port}`
    expect(standIns.egressResolve).toBe(`app.asana.com:443=${at},auth.internal:8443=${at}`)
    expect(standIns.egressAllow).toBe(at)
    expect(standIns.browserRules).toBe(`MAP app.asana.com:443 ${at},MAP auth.internal:8443 ${at}`)
    await standIns.close()
    expect(existsSync(standIns.caFile)).toBe(false)
  })

  test('give the key hash that a browser is told to trust', async () => {
    const standIns = keep(await startStandIns([{ host: 'app.asana.com', target: 1 }]))
    const raw = await new Promise<Buffer>((resolve) => {
      const socket = connect(
        { port: standIns.port, host: '127.0.0.1', servername: 'app.asana.com', ca: testAuthority().certificatePem },
        () => {
          resolve(socket.getPeerCertificate().raw)
          socket.destroy()
        },
      )
    })
    const spki = new X509Certificate(raw).publicKey.export({ type: 'spki', format: 'der' })
    expect(standIns.spkiHash).toBe(createHash('sha256').update(spki).digest('base64'))
  })

  test('let an OpenID provider know that it is reached by https', async () => {
    const issuer = 'https://login.example'
    const oidc = keep(await startOidcProvider({ issuer }))
    const { port, caFile } = keep(await startStandIns([{ host: 'login.example', target: oidc.server }]))
    const found = await get('login.example', '/.well-known/openid-configuration', { port, ca: readFileSync(caFile, 'utf8') })
    expect(JSON.parse(found.body)).toMatchObject({ issuer, token_endpoint: `${issuer}/token`, authorization_endpoint: `${issuer}/auth` })
  })

  test('serve TLS on a server of its own under the names it was given', async () => {
    const upstream = keep(await startUpstream({ tls: { names: ['api.internal'] } }))
    const found = await get('api.internal', '/echo', { port: upstream.port, ca: testAuthority().certificatePem })
    expect([found.status, found.subject]).toEqual([200, 'api.internal'])
    await expect(get('other.internal', '/', { port: upstream.port, ca: testAuthority().certificatePem })).rejects.toThrow()
  })
})
