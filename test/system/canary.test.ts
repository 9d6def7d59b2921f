import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { grpcClients } from '@credence/sdk'
import { searchForCanaries, startProcess, tempHome } from '@credence/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, credentialOf, type LocalJourney, type ProviderName, registerProviders, USER } from '../support/journey.ts'
import { type ObservedJourney, startObserved } from '../support/observed-journey.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { SECRETS } from '../support/world.ts'

const home = tempHome()
const NAMES: readonly ProviderName[] = ['asana', 'bearer', 'freshdesk', 'attention', 'acme']
let observed: ObservedJourney
let sink: OtlpSink
let journey: LocalJourney
const answers: string[] = []

beforeAll(async () => {
  observed = await startObserved(home.path)
  ;({ sink, journey } = observed)
  await registerProviders(journey)
  for (const name of NAMES) await connect(journey, name)
}, 120_000)
afterAll(async () => {
  await observed.stop()
  home.remove()
})

/** Proxied calls that succeed, are refused, are echoed, are cut and are aborted; over HTTP and gRPC. */
async function exercise(): Promise<void> {
  for (const name of NAMES) {
    const id = credentialOf(journey, name)
    for (const path of ['/echo', '/status/500', '/gzip', '/redirect?to=https://elsewhere.example/', '/../../escape']) {
      const answer = await journey.ann.fetch(id, path).then(
        (response) => response.text(),
        (error: unknown) => String(error),
      )
      answers.push(answer)
    }
    const abort = AbortSignal.timeout(30)
    answers.push(
      await journey.ann.fetch(id, '/never', { signal: abort }).then(
        () => 'answered',
        (error: unknown) => String(error),
      ),
    )
    answers.push(JSON.stringify(await journey.ann.credentials.verify(id).catch((error: unknown) => String(error))))
  }
  await journey.ann.credentials.replaceSecret(credentialOf(journey, 'attention'), { fields: { api_key: SECRETS.attention } })
  answers.push(
    String(
      await journey.ann.credentials
        .create({
          providerId: journey.providers.get('freshdesk') ?? '',
          fields: { domain: 'evil.example/path?x=', username: SECRETS.freshdesk },
        })
        .catch((error: unknown) => JSON.stringify(error)),
    ),
  )
}

async function overGrpc(): Promise<void> {
  const { key = '', api } = journey.platform
  const clients = await grpcClients({ address: api, key, user: USER })
  answers.push(JSON.stringify(await clients.registry.list({ pageSize: 50 })))
  answers.push(JSON.stringify(await clients.registry.get({ credentialId: credentialOf(journey, 'freshdesk') })))
  answers.push(JSON.stringify(await clients.registry.listHistory({ credentialId: credentialOf(journey, 'freshdesk'), pageSize: 50 })))
  answers.push(JSON.stringify(await clients.vault.check({ credentialId: credentialOf(journey, 'acme'), method: 'GET', path: '/x' })))
}

async function byCommandLine(): Promise<string> {
  const main = fileURLToPath(new URL('../../libs/cli/src/main.ts', import.meta.url))
  const env = { CREDENCE_API_URL: journey.platform.admin, CREDENCE_KEY: journey.platform.key ?? '', CREDENCE_USER: USER }
  const listed = await startProcess([main, 'credential', 'list', '-o', 'json'], { env }).catch((error: unknown) => ({
    stdout: () => String(error),
    stderr: () => '',
  }))
  return listed.stdout() + listed.stderr()
}

test('[S2-19] [S2-1] [S2-14] no secret is in any file, log, trace, event, answer, page or command output of a whole run', async () => {
  await exercise()
  await overGrpc()
  answers.push(await byCommandLine())
  await expect
    .poll(() => journey.events.filter((event) => event.type.endsWith('credential.refreshed')).length, { timeout: 60_000, interval: 100 })
    .toBeGreaterThan(0)
  await journey.platform.process.stop()
  const { world, platform } = journey
  const tokens = [...world.asana.tokens(), ...world.acme.tokens()]
  const texts = {
    answers: answers.join('\n'),
    pages: journey.person.seen.join('\n'),
    events: JSON.stringify(journey.events),
    traces: sink.bodies.join('\n'),
    log: platform.process.stderr(),
    output: platform.process.stdout().replace(platform.key ?? '', ''),
  }
  for (const [name, text] of Object.entries(texts)) expect(text.length, name).toBeGreaterThan(10)
  const secrets = {
    ...SECRETS,
    asana_client: world.asana.client.clientSecret ?? '',
    acme_client: world.acme.client.clientSecret,
    admin_key: platform.key ?? '',
    root_key: readFileSync(`${home.path}/key`, 'utf8').trim().split(' ')[1] ?? '',
    ...Object.fromEntries(tokens.map((token, index) => [`token_${index}`, token])),
  }
  const hits = await searchForCanaries({ folders: [home.path], texts, secrets })
  // The two files whose purpose it is to hold them: the root key, and the admin key for later commands on this machine.
  const purpose = (where: string, secret: string): boolean =>
    (secret === 'root_key' && where.endsWith('/key')) || (secret === 'admin_key' && where.endsWith('/client.json'))
  expect(hits.filter(({ where, secret }) => !purpose(where, secret))).toEqual([])
}, 180_000)
