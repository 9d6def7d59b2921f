import type { Server } from 'node:http'
import { type Credence, CredenceError, type CredenceEvent, createCredence, type Provider } from '@credence/sdk'
import {
  type CanaryHit,
  type FakeAuthorizationServer,
  searchForCanaries,
  startFakeAuthorizationServer,
  startStandIns,
  startUpstream,
  tempHome,
  type Upstream,
} from '@credence/testkit'
import { expect } from 'vitest'
import { type Page, Person } from './person.ts'
import { type OnProfile, startOnProfile } from './profile.ts'

export const RETURN_URL = 'http://localhost:3999/connected'
export const USER = 'id:ann'
/** The API of most providers here; the sign-in of those that have one is at `login.wire.example`. */
export const API = 'https://api.wire.example'

/** A platform with one mock API that takes every call and remembers it, and an OAuth server beside it. */
export interface Scene {
  readonly api: Upstream
  readonly login: FakeAuthorizationServer
  readonly platform: OnProfile
  readonly person: Person
  /** With the owner's key, for no user in particular. */
  readonly credence: Credence
  readonly ann: Credence
  readonly key: string
  readonly events: readonly CredenceEvent[]
  /** Where everything of the platform lies on the disk; the engines of the distributed profile have places of their own. */
  readonly home: string
  close(): Promise<void>
}

export interface SceneOptions {
  /** Further names with the servers that stand for them; names alone lead to the mock API. */
  readonly sites?: Readonly<Record<string, Server | 'api'>>
  readonly env?: Readonly<Record<string, string>>
  /** Default: the platform of the profile under test, in processes of its own. */
  readonly start?: (options: { readonly home: string; readonly env: Readonly<Record<string, string>> }) => Promise<OnProfile>
}

export async function startScene({ sites = {}, env = {}, start = startOnProfile }: SceneOptions = {}): Promise<Scene> {
  const home = tempHome()
  const api = await startUpstream()
  const login = await startFakeAuthorizationServer({ issuer: 'https://login.wire.example' })
  const further = Object.entries(sites).map(([host, site]) => ({ host, target: site === 'api' ? api.server : site }))
  const standIns = await startStandIns([
    { host: 'api.wire.example', target: api.server },
    { host: 'login.wire.example', target: login.server },
    ...further,
  ])
  const platform = await start({
    home: home.path,
    env: {
      CREDENCE_EGRESS_RESOLVE: standIns.egressResolve,
      CREDENCE_EGRESS_ALLOW: standIns.egressAllow,
      CREDENCE_EGRESS_CA: standIns.caFile,
      ...env,
    },
  })
  const key = platform.key ?? ''
  const credence = createCredence({ apiUrl: platform.admin, proxyUrl: platform.data, grpc: platform.api, key })
  await credence.project.update({ returnUrls: [RETURN_URL] })
  const events: CredenceEvent[] = []
  void follow(credence, events)
  const person = new Person(standIns)
  return {
    api,
    login,
    platform,
    person,
    credence,
    ann: credence.forUser(USER),
    key,
    events,
    home: home.path,
    async close() {
      await platform.stop()
      await person.leave()
      await standIns.close()
      await Promise.all([api.close(), login.close()])
      home.remove()
    },
  }
}

async function follow(credence: Credence, events: CredenceEvent[]): Promise<void> {
  try {
    for await (const event of credence.events.tail({ from: new Date(0) })) events.push(event)
  } catch {
    // The platform stopped: the test is over.
  }
}

/** The refusal that the platform answered; TypeError when it answered something else. */
export async function refusalOf(call: Promise<unknown>): Promise<CredenceError> {
  const error = await call.catch((thrown: unknown) => thrown)
  if (!(error instanceof CredenceError)) throw new TypeError(`it was not refused: ${String(error)}`)
  return error
}

/** Waits for a fact about the subject that comes after so many of its kind. */
export async function factOf(scene: Scene, type: string, subject: string): Promise<CredenceEvent> {
  const find = (): CredenceEvent | undefined => scene.events.findLast((event) => event.type.endsWith(type) && event.subject === subject)
  await expect.poll(find, { timeout: 30_000, interval: 20 }).toBeDefined()
  return find()!
}

/**
 * Where these secrets are: in any file of the platform or its engines, in what it printed, in its facts, and in what callers
 * were answered. The keys that a first start writes for the operator are no secret of a test's own.
 */
export async function leaksOf(
  scene: Scene,
  secrets: Readonly<Record<string, string>>,
  answers: Readonly<Record<string, string>> = {},
): Promise<readonly CanaryHit[]> {
  const { stdout, stderr } = scene.platform.printed()
  const texts = { stdout, stderr, events: JSON.stringify(scene.events), pages: scene.person.seen.join('\n'), ...answers }
  return searchForCanaries({ folders: scene.platform.folders, texts, secrets })
}

let providers = 0

/** Saves a provider at the mock API with one pattern, or with several. */
export async function provide(scene: Scene, patterns: object | readonly object[], members: object = {}): Promise<Provider> {
  return scene.credence.providers.create({
    display_name: `Wire ${++providers}`,
    description: 'A provider of this test',
    auth_patterns: [patterns].flat(),
    proxy_url: API,
    proxy_enabled: true,
    ...members,
  })
}

/** A field of a payload: `password*` is required, and every other one is not. */
export function fields(...names: readonly string[]): readonly object[] {
  return names.map((name) => ({ field_name: name.replace('*', ''), label: name.replace('*', ''), required: name.endsWith('*') }))
}

/** Where the person's way ended: at the return address, with status 0, or at a page that needs another answer. */
export const atReturn = (url: URL): boolean => url.href.startsWith(RETURN_URL)

/** Follows the page's own link on, as its script would. */
export async function settle(scene: Scene, page: Page): Promise<Page> {
  let at = page
  for (let pages = 0; pages < 6 && !atReturn(at.url); pages++) {
    const onward = /href="([^"]*\/continue)"/.exec(at.text)?.[1]
    if (onward !== undefined) at = await scene.person.open(new URL(onward, at.url).href, atReturn)
    else if (at.forms.length === 0 && /\/connect\//.test(at.url.pathname)) at = await scene.person.open(at.url.href, atReturn)
    else return at
  }
  return at
}

/** The team's backend takes the one-time code from the return address and confirms. */
export async function confirmAt(scene: Scene, sessionId: string, page: Page): Promise<string> {
  const code = page.url.searchParams.get('credence_code')
  if (code === null) throw new TypeError(`no code at ${page.url.href}: ${page.text.slice(0, 600)}`)
  return (await scene.ann.sessions.complete(sessionId, { code, user: USER })).credential.id
}
