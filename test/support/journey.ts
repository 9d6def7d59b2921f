import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Credence, CredenceEvent } from '@credence/sdk'
import { createCredence } from '@credence/sdk'
import { type Page, Person } from './person.ts'
import { type Inside, type Platform, startPlatform } from './platform.ts'
import { ACME_PAYLOAD, SECRETS, startWorld, type World } from './world.ts'

/** The user whose accounts are connected; his id in the team's own system. */
export const USER = 'id:ann'
const RETURN_URL = 'http://localhost:3999/connected'
/** Short enough that a refresh ahead of expiry can be watched, long enough for a slow machine. */
const ACME_TOKEN_S = 12

export type ProviderName = 'asana' | 'bearer' | 'freshdesk' | 'attention' | 'acme'

/** Everything that a run of the demo holds; what its steps share. */
export interface Journey {
  readonly home: string
  /** Where everything of the platform lies on the disk. */
  readonly folders: readonly string[]
  readonly world: World
  readonly person: Person
  readonly platform: Inside
  readonly credence: Credence
  readonly ann: Credence
  readonly providers: Map<ProviderName, string>
  readonly credentials: Map<ProviderName, string>
  readonly events: CredenceEvent[]
  /** Everything that a caller ever got, for the search at the end. */
  readonly got: string[]
}

/** A journey on a platform that is one process. */
export interface LocalJourney extends Journey {
  readonly platform: Platform
}

export async function startOutside(): Promise<World> {
  return startWorld({ acmeExpiresInS: ACME_TOKEN_S })
}

export async function startInside(home: string, world: World): Promise<LocalJourney> {
  const platform = await startPlatform({ home, env: world.env })
  return { ...(await journeyOn(platform, { home, world })), platform }
}

/** A journey on a platform that has just started for the first time. */
export async function journeyOn(platform: Inside, { home, world }: { readonly home: string; readonly world: World }): Promise<Journey> {
  if (platform.key === undefined) throw new TypeError('the first start shows no key')
  const credence = createCredence({ apiUrl: platform.admin, proxyUrl: platform.data, grpc: platform.api, key: platform.key })
  await credence.project.update({ returnUrls: [RETURN_URL] })
  const events: CredenceEvent[] = []
  void follow(credence, events)
  const person = new Person(world.standIns)
  return {
    home,
    folders: [home],
    world,
    person,
    platform,
    credence,
    ann: credence.forUser(USER),
    providers: new Map(),
    credentials: new Map(),
    events,
    got: [],
  }
}

async function follow(credence: Credence, events: CredenceEvent[]): Promise<void> {
  try {
    for await (const event of credence.events.tail({ from: new Date(0) })) events.push(event)
  } catch {
    // The platform stopped: the demo is over.
  }
}

/** The payloads of the documentation, byte for byte, and one of the team's own. */
export async function registerProviders(journey: Journey): Promise<string> {
  for (const name of ['asana', 'bearer', 'freshdesk', 'attention'] as const) {
    const bytes = readFileSync(fileURLToPath(new URL(`../../libs/provider/test/payloads/${name}.json`, import.meta.url)), 'utf8')
    const provider = await journey.credence.providers.create(bytes)
    journey.providers.set(name, provider.id)
    const back = await journey.credence.providers.get(provider.id)
    if (back.payloadJson !== bytes) throw new TypeError(`${name} did not come back as it was sent`)
  }
  const acme = await journey.credence.providers.create(JSON.stringify(ACME_PAYLOAD))
  journey.providers.set('acme', acme.id)
  const { world } = journey
  await registerClient(journey, 'asana', { ...world.asana.client, allow: (uri) => world.asana.allowRedirect(uri) })
  await registerClient(journey, 'acme', { ...world.acme.client, allow: (uri) => world.acme.allowRedirect(uri) })
  return 'five providers, two OAuth clients; every payload came back byte for byte'
}

async function registerClient(
  journey: Journey,
  name: ProviderName,
  client: { clientId: string; clientSecret?: string; allow: (redirectUri: string) => void },
): Promise<void> {
  const registered = await journey.credence.clients.put(providerOf(journey, name), {
    clientId: client.clientId,
    clientSecret: client.clientSecret,
  })
  client.allow(registered.redirectUri)
}

export function providerOf(journey: Journey, name: ProviderName): string {
  const id = journey.providers.get(name)
  if (id === undefined) throw new TypeError(`${name} is not registered`)
  return id
}

export function credentialOf(journey: Journey, name: ProviderName): string {
  const id = journey.credentials.get(name)
  if (id === undefined) throw new TypeError(`${name} is not connected`)
  return id
}

/** What Ann types into the form of each provider. */
const FORMS: Readonly<Partial<Record<ProviderName, Readonly<Record<string, string>>>>> = {
  bearer: { 'field.token': SECRETS.bearer },
  freshdesk: { 'field.domain': 'acme.freshdesk.com', 'field.username': SECRETS.freshdesk },
  attention: { 'field.api_key': SECRETS.attention },
}

/** Plays Ann from the link to the end page, then the team's backend, which confirms that it was she. */
export async function connect(journey: Journey, name: ProviderName, options: { readonly credentialId?: string } = {}): Promise<string> {
  const order = options.credentialId === undefined ? { providerId: providerOf(journey, name) } : { credentialId: options.credentialId }
  const { session, link } = await journey.ann.sessions.create({ ...order, label: `Ann's ${name}`, returnUrl: RETURN_URL })
  const last = await followLink(journey, name, link)
  const code = last.url.searchParams.get('credence_code')
  if (code === null) throw new TypeError(`no code on ${last.url.href}: ${last.text.slice(0, 600)}`)
  const { credential } = await journey.ann.sessions.complete(session.id, { code, user: USER })
  journey.credentials.set(name, credential.id)
  return credential.id
}

const atReturn = (url: URL): boolean => url.href.startsWith(RETURN_URL)

/** Six digits that the page asks the person to send back in the chat. */
export const DIGITS: RegExp = /data-code="(\d{6})"/

/** Plays a person from the link to the end page. */
export async function followLink(journey: Journey, name: ProviderName, link: string): Promise<Page> {
  return walk(journey, name, await journey.person.open(link))
}

/** Takes whatever the page offers next until the return address is reached, or digits are shown. */
async function walk(journey: Journey, name: ProviderName, first: Page): Promise<Page> {
  let page = first
  for (let pages = 0; pages < 12 && !atReturn(page.url) && !DIGITS.test(page.text); pages++) {
    const continued = /href="([^"]*\/continue)"/.exec(page.text)?.[1]
    const secret = page.forms.find((form) => form.action.endsWith('/secret'))
    if (continued !== undefined) page = await journey.person.open(new URL(continued, page.url).href, atReturn)
    else if (secret !== undefined) page = await journey.person.submit(page, FORMS[name] ?? {}, { action: /\/secret$/, stopAt: atReturn })
    else if (page.forms.some((form) => form.action.endsWith('/grant')))
      page = await journey.person.submit(page, { scope: ['email'] }, { action: /\/grant$/, stopAt: atReturn })
    else if (page.forms.some((form) => form.action.endsWith('/start')))
      page = await journey.person.submit(page, {}, { action: /\/start$/, stopAt: atReturn })
    else if (/\/connect\//.test(page.url.pathname)) page = await journey.person.open(page.url.href, atReturn)
    else throw new TypeError(`Ann does not know what to do on ${page.url.pathname}: ${page.text.slice(0, 600)}`)
  }
  return page
}
