import { DIGITS, followLink, type Journey, providerOf } from '../support/journey.ts'
import { SECRETS } from '../support/world.ts'
import type { Step } from './step.ts'

/** What the platform does beyond one person's accounts, each on the platform of the main job. */
export const CHAPTERS: readonly Step[] = [
  { name: 'mint', title: 'A backend mints a widget token, and authenticates its user at three servers on the way', run: mint },
  { name: 'conversation', title: 'A customer grants his own account during a conversation', run: converse },
  { name: 'setup', title: 'Set up a service that nobody has described, from its address alone', run: setUp },
  { name: 'channels', title: 'One native credential on three channels of one agent', run: attach },
]

const EMAIL = 'dora@example.com'

async function mint({ credence, got }: Journey): Promise<string> {
  const bearer = { type: 'BEARER', fields: [{ field_name: 'token', required: true }] }
  for (const display_name of ['Ledger', 'LEDGER', 'Tickets'])
    await credence.providers.create({ display_name, auth_patterns: [bearer], proxy_url: 'https://api.attention.tech', proxy_enabled: true })
  const header = (headerValue: string) => [{ headerName: 'Authorization', headerValue }]
  const answer = await credence.widget.mintToken({
    userEmail: EMAIL,
    autoAuthenticate: {
      servers: [
        { serverName: 'my bearer token provider', headers: header(SECRETS.bearer) },
        { serverName: 'Ledger', headers: header(SECRETS.attention) },
        { serverName: 'Tickets', headers: header(`Bearer ${SECRETS.attention}`) },
      ],
    },
  })
  got.push(JSON.stringify(answer))
  const results = answer.autoAuthenticate?.servers ?? []
  const statuses = results.map(({ status }) => status).join(' ')
  if (statuses !== 'authenticated failed failed') throw new TypeError(`the servers answer ${statuses}`)
  const { credentialId } = await credence.credentials.resolve('My Bearer Token Provider', { userEmail: EMAIL })
  const { status } = await credence.forUser(`email:${EMAIL}`).fetch(credentialId, '/echo')
  if (status !== 200) throw new TypeError(`the call answers ${status}`)
  return [
    ...results.map(({ serverName, status: word, detail }) => `${serverName}: ${word}${detail === null ? '' : ` – ${detail}`}`),
    `a call with ${credentialId} answers ${status}`,
  ].join('\n')
}

async function converse(journey: Journey): Promise<string> {
  const { credence, got } = journey
  const user = 'id:carl'
  const wanted = {
    name: 'Read my contacts',
    providerId: providerOf(journey, 'acme'),
    pattern: 0,
    mode: 'external_oauth',
    paths: ['/contacts'],
  }
  const { capability } = await credence.capabilities.create({ ...wanted, mode: 'external_oauth', methods: ['GET'] })
  const { id } = capability
  const carl = credence.forUser(user)
  const before = await carl.fetch(id, '/contacts').catch((error: unknown) => error as { readonly code: string })
  const grant = await credence.capabilities.connect(id, { user })
  const page = await followLink(journey, 'acme', grant.link ?? '')
  const digits = DIGITS.exec(page.text)?.[1] ?? ''
  const { id: credentialId } = await grant.confirm(digits)
  const after = await carl.fetch(id, '/contacts')
  got.push(await after.text())
  const again = await credence.capabilities.connect(id, { user })
  if (after.status !== 200 || again.link !== undefined) throw new TypeError(`the call answers ${after.status}`)
  const refused = 'code' in before ? before.code : String(before.status)
  return `before: ${refused}; Carl signed in and sent six digits back; ${id} answers ${after.status} with ${credentialId}\na second conversation asks nothing`
}

async function setUp({ credence, ann, world, got }: Journey): Promise<string> {
  const found = await ann.setups.wait((await ann.setups.start({ service: 'acornmail.example' })).id)
  if (found.state !== 'guided') throw new TypeError(`the setup is at ${found.state}`)
  const { id } = await ann.setups.accept(found.id)
  const wrong = await ann.setups
    .connect(id, { fields: { token: 'no-such-key-41' } })
    .catch((error: unknown) => error as { readonly code: string })
  const back = await ann.setups.get(id)
  const credential = await ann.setups.connect(id, { fields: { token: world.unknown.mood.key } })
  got.push(JSON.stringify([found, back, credential]))
  await credence.providers.get(credential.providerId)
  if (back.state !== 'connect' || credential.status !== 'active') throw new TypeError(`the setup is at ${back.state}`)
  const steps = found.steps.map(({ text }) => text).join(' ')
  return `${found.facts.length} facts, each with its address; ${steps}\na wrong key: ${'code' in wrong ? wrong.code : ''} (${back.cause}), back at connect; then ${credential.providerName}, ${credential.account?.name}`
}

async function attach(journey: Journey): Promise<string> {
  const { credence, ann, world, person, got } = journey
  const { graph } = world
  const provider = await credence.providers.createFromCatalog('meta')
  const { appId: clientId, appSecret: clientSecret } = graph.app
  graph.allowRedirect((await credence.clients.put(provider.id, { clientId, clientSecret, fields: { config_id: '900100' } })).redirectUri)
  const { session, link } = await ann.sessions.create({ providerId: provider.id, returnUrl: 'http://localhost:3999/connected' })
  const stopAt = (url: URL): boolean => url.port === '3999'
  const chooses = await person.submit(await person.open(link), {}, { action: /\/grant$/, stopAt })
  let page = await person.open(chooses.url.href, stopAt)
  const asset = [...page.text.matchAll(/name="asset" value="([^"]+)"/g)].map(([, value = '']) => value)
  page = await person.submit(page, { asset }, { action: /\/choose$/, stopAt })
  for (let pages = 0; pages < 6 && !stopAt(page.url); pages++) {
    const onward = /href="([^"]*\/continue)"/.exec(page.text)?.[1]
    page = await person.open(new URL(onward ?? page.url.href, page.url).href, stopAt)
  }
  const code = page.url.searchParams.get('credence_code') ?? ''
  const { credential } = await ann.sessions.complete(session.id, { code, user: 'id:ann' })
  const lines: string[] = []
  for (const channel of ['whatsapp', 'instagram', 'messenger']) {
    const nativeId = credential.assets.find((one) => one.channel === channel)?.id ?? ''
    const consumer = await ann.channels.attach({ credentialId: credential.id, agent: 'support', channel, nativeId })
    const text = { whatsapp: { messaging_product: 'whatsapp', to: '15551230000', type: 'text', text: { body: 'hi' } } }[channel]
    const body = JSON.stringify(text ?? { recipient: { id: '777' }, message: { text: 'hi' } })
    const path = channel === 'messenger' ? '/me/messages' : `/${nativeId}/messages`
    const headers = { 'content-type': 'application/json' }
    const answer = await ann.fetch(credential.id, path, { method: 'POST', headers, body, consumer: consumer.id })
    got.push(await answer.text())
    const sent = graph.sent.at(-1)
    if (answer.status !== 200 || sent?.channel !== channel) throw new TypeError(`${channel} answers ${answer.status}`)
    lines.push(`${channel}: sent as ${sent.from}`)
  }
  const taken = await ann.channels
    .attach({
      credentialId: credential.id,
      agent: 'sales',
      channel: 'whatsapp',
      nativeId: credential.assets.find((one) => one.channel === 'whatsapp')?.id ?? '',
    })
    .catch((error: unknown) => error as { readonly code: string })
  return `${lines.join(' · ')}\na second agent on the same number: ${'code' in taken ? taken.code : 'attached'}`
}
