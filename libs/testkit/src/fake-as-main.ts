import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runUntilSignal } from '@credence/service'
import { startFakeAuthorizationServer } from './fake-as/fake-authorization-server.ts'
import type { ServerClass } from './fake-as/grants.ts'

/**
 * The fake server as a process of its own, for runs that kill the platform: it must outlive what it judges.
 * `node libs/testkit/src/fake-as-main.ts --class strict --ledger FILE [--port N] [--expires-in S] [--redirect URI]… [--issuer URL]`
 * prints one line `{"ready":true,"issuer","url","port","clientId","clientSecret"}` and serves `/control/…` beside its endpoints.
 */
const { values } = parseArgs({
  options: {
    class: { type: 'string', default: 'strict' },
    ledger: { type: 'string' },
    port: { type: 'string', default: '0' },
    'expires-in': { type: 'string', default: '3600' },
    'grace-ms': { type: 'string' },
    'client-id': { type: 'string', default: 'client' },
    'client-secret-file': { type: 'string' },
    redirect: { type: 'string', multiple: true, default: [] },
    issuer: { type: 'string' },
  },
})

await runUntilSignal(async () => {
  const secretFile = values['client-secret-file']
  const clientSecret = secretFile === undefined ? 'fake-client-secret' : readFileSync(secretFile, 'utf8').trim()
  const fake = await startFakeAuthorizationServer({
    serverClass: values.class as ServerClass,
    port: Number(values.port),
    expiresInS: Number(values['expires-in']),
    clients: [{ clientId: values['client-id'], clientSecret, redirectUris: values.redirect }],
    ...(values['grace-ms'] === undefined ? {} : { graceMs: Number(values['grace-ms']) }),
    ...(values.ledger === undefined ? {} : { ledgerFile: values.ledger }),
    ...(values.issuer === undefined ? {} : { issuer: values.issuer }),
  })
  const { issuer, url, port } = fake
  console.log(JSON.stringify({ ready: true, issuer, url, port, clientId: values['client-id'], clientSecret }))
  return { stop: () => fake.close() }
})
