import { CredenceError } from '@credence/sdk'
import { searchForCanaries } from '@credence/testkit'
import { connect, credentialOf, type Journey, type ProviderName, registerProviders } from '../support/journey.ts'
import { SECRETS } from '../support/world.ts'
import { CHAPTERS } from './chapters.ts'
import type { Step } from './step.ts'

const NAMES: readonly ProviderName[] = ['asana', 'bearer', 'freshdesk', 'attention', 'acme']
/** Where each API answers what it saw. */
const PATHS: Readonly<Record<ProviderName, string>> = {
  asana: '/1.0/echo',
  bearer: '/echo',
  freshdesk: '/v2/tickets',
  attention: '/echo',
  acme: '/contacts',
}

export const STEPS: readonly Step[] = [
  { name: 'providers', title: 'Register the four documented payloads and an OAuth provider with its client', run: registerProviders },
  { name: 'connect', title: 'Ann connects all five: three forms, two sign-ins', run: connectAll },
  { name: 'proxy', title: 'A proxied call with each, holding nothing but the credential id', run: callAll },
  { name: 'refresh_ahead', title: 'A refresh in the background, ahead of expiry', run: watchRefresh },
  { name: 'parallel_expiry', title: 'Fifty parallel calls across an expiry', run: callAcrossExpiry },
  { name: 'revoked', title: 'Ann revokes the grant at the provider', run: revokeAtProvider },
  { name: 'reconnect', title: 'Ann reconnects: same id, works again', run: reconnect },
  { name: 'disable', title: 'Disable: refused at once', run: disable },
  { name: 'delete', title: 'Delete: its consumers are told', run: remove },
  ...CHAPTERS,
  { name: 'canaries', title: 'Search every file, log and answer of the run for the secrets', run: search },
]

async function connectAll(journey: Journey): Promise<string> {
  for (const name of NAMES) await connect(journey, name)
  const listed: string[] = []
  for await (const credential of journey.ann.credentials.list())
    listed.push(`${credential.label} (${credential.status}${credential.account?.name ? `, ${credential.account.name}` : ''})`)
  if (listed.length !== NAMES.length) throw new TypeError(`${listed.length} credentials are listed`)
  return listed.join(' · ')
}

async function call(journey: Journey, name: ProviderName): Promise<Response> {
  const response = await journey.ann.fetch(credentialOf(journey, name), PATHS[name])
  const text = await response.clone().text()
  journey.got.push(text, JSON.stringify([...response.headers]))
  return response
}

/** The platform's own refusal of a call; a call that goes through fails the step. */
async function refusal(journey: Journey, name: ProviderName): Promise<CredenceError> {
  const error = await call(journey, name).catch((thrown: unknown) => thrown)
  if (!(error instanceof CredenceError)) throw new TypeError(`the call to ${name} was not refused`)
  journey.got.push(JSON.stringify({ ...error, message: error.message }))
  return error
}

async function callAll(journey: Journey): Promise<string> {
  const lines: string[] = []
  for (const name of NAMES) {
    const response = await call(journey, name)
    const seen = journey.world.apis[name].requests.at(-1)?.headers.authorization
    if (response.status !== 200 || seen === undefined) throw new TypeError(`${name} answered ${response.status}`)
    lines.push(`${name} saw Authorization: ${masked(seen)}`)
  }
  return lines.join('\n')
}

/** The scheme stays, and nothing of the secret: a mask that shows a few characters shows too many. */
function masked(header: string): string {
  const [, scheme = '', secret = ''] = /^(Bearer |Basic )?(.*)$/.exec(header) ?? []
  return scheme + '•'.repeat(Math.min(secret.length, 12))
}

async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, withinMs = 60_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > end) throw new TypeError(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const refreshes = (journey: Journey): number =>
  journey.world.acme.tokenAnswers().filter(({ grantType }) => grantType === 'refresh_token').length

async function watchRefresh(journey: Journey): Promise<string> {
  const id = credentialOf(journey, 'acme')
  const before = refreshes(journey)
  const fact = await until('credential.refreshed', () =>
    journey.events.find((event) => event.type.endsWith('credential.refreshed') && event.subject === id),
  )
  if (refreshes(journey) === before) throw new TypeError('the provider saw no refresh')
  return `credential.refreshed, version ${fact.data.version}; nobody called the API meanwhile`
}

async function callAcrossExpiry(journey: Journey): Promise<string> {
  const id = credentialOf(journey, 'acme')
  await journey.ann.credentials.get(id)
  journey.world.apis.acme.requests.length = 0
  // The API refuses the token in force from now on, as it does at its end.
  const old = new Set(journey.world.acme.tokens())
  const { acme } = journey.world
  journey.world.apis.acme.accept(async ({ token }) => token !== undefined && !old.has(token) && (await acme.accountOf(token)) !== undefined)
  const before = refreshes(journey)
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(journey, 'acme')))
  const ok = answers.filter((answer) => answer.status === 200).length
  const posts = refreshes(journey) - before
  if (ok !== 50 || posts !== 1) throw new TypeError(`${ok} of 50 answered, ${posts} token requests`)
  return `50 of 50 answered, ${posts} token request`
}

async function revokeAtProvider(journey: Journey): Promise<string> {
  const id = credentialOf(journey, 'acme')
  journey.world.acme.revokeGrants('ann')
  const first = await call(journey, 'acme').catch((thrown: unknown) => thrown as CredenceError)
  const fact = await until(
    'credential.expired',
    () => journey.events.find((event) => event.type.endsWith('credential.expired') && event.subject === id),
    120_000,
  )
  const refused = await refusal(journey, 'acme')
  if (refused.code !== 'CREDENTIAL_EXPIRED' || refused.reconnectUrl !== fact.data.reconnect_url)
    throw new TypeError(`the refusal says ${refused.code}`)
  return `the call got ${first.status}; credential.expired (${fact.data.reason}); every refusal names ${refused.reconnectUrl}`
}

async function reconnect(journey: Journey): Promise<string> {
  const id = credentialOf(journey, 'acme')
  const again = await connect(journey, 'acme', { credentialId: id })
  const response = await call(journey, 'acme')
  if (again !== id || response.status !== 200) throw new TypeError(`${again} answers ${response.status}`)
  await until('credential.recovered', () =>
    journey.events.find((event) => event.type.endsWith('credential.recovered') && event.subject === id),
  )
  return `${id} as before; the call answers ${response.status}`
}

async function disable(journey: Journey): Promise<string> {
  await journey.ann.credentials.disable(credentialOf(journey, 'bearer'))
  const before = journey.world.apis.bearer.requests.length
  const { code, status } = await refusal(journey, 'bearer')
  if (code !== 'CREDENTIAL_DISABLED' || journey.world.apis.bearer.requests.length !== before)
    throw new TypeError(`the refusal says ${code}`)
  return `${status} ${code}; the API saw nothing`
}

async function remove(journey: Journey): Promise<string> {
  const id = credentialOf(journey, 'acme')
  const consumer = await journey.ann.consumers.bind({ credentialId: id, kind: 'agent', externalRef: 'support-bot', label: 'Support bot' })
  const refused = await journey.ann.credentials.delete(id).catch((error: unknown) => error)
  if (!(refused instanceof CredenceError) || refused.code !== 'CREDENTIAL_IN_USE') throw new TypeError('a credential in use was deleted')
  const { revocation, orphaned } = await journey.ann.credentials.delete(id, { force: true })
  await until('consumer.orphaned', () =>
    journey.events.find((event) => event.type.endsWith('consumer.orphaned') && event.subject === consumer.id),
  )
  const { code, status } = await refusal(journey, 'acme')
  if (code !== 'CREDENTIAL_DELETED' || orphaned.length !== 1) throw new TypeError(`after the delete a call says ${code}`)
  return `grant ${revocation} at the provider; ${orphaned.length} consumer told; a call gets ${status} ${code}`
}

async function search(journey: Journey): Promise<string> {
  const { world, platform } = journey
  await platform.stop()
  const tokens = [
    ...world.asana.tokens(),
    ...world.acme.tokens(),
    ...world.graph.tokens(),
    world.unknown.mood.key,
    world.graph.app.appSecret,
  ]
  const secrets = {
    ...SECRETS,
    asana_client: world.asana.client.clientSecret ?? '',
    acme_client: world.acme.client.clientSecret,
    ...Object.fromEntries(tokens.map((token, index) => [`token_${index}`, token])),
  }
  const texts = {
    answers: journey.got.join('\n'),
    events: JSON.stringify(journey.events),
    output: platform.printed().stdout,
    log: platform.printed().stderr,
  }
  const hits = await searchForCanaries({ folders: journey.folders, texts, secrets })
  if (hits.length > 0) throw new TypeError(hits.map(({ where, secret, form }) => `${secret} as ${form} in ${where}`).join('; '))
  return `${Object.keys(secrets).length} secrets in five forms, in ${journey.folders.length} folders (databases and their logs, audit, spill), logs, events and every answer: none found`
}
