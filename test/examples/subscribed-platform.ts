import { fileURLToPath } from 'node:url'
import { CredenceError } from '@credence/sdk'
import { startMongodb, startNats, startRedis, tempHome } from '@credence/testkit'
import { expect } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { connect, credentialOf, type Journey, journeyOn, registerProviders, startOutside } from '../support/journey.ts'
import { type Expiry, type SubscriberProcess, startSubscriber } from './subscriber-process.ts'

export const LANGUAGES = ['typescript', 'python'] as const
export type Language = (typeof LANGUAGES)[number]
/** The OAuth providers of the journey, and a path that their APIs answer. */
const PATHS = { acme: '/contacts', asana: '/1.0/echo' } as const
type Provider = keyof typeof PATHS

export const SOON: { readonly timeout: number; readonly interval: number } = { timeout: 40_000, interval: 50 }

/** The distributed profile, one replica each, with two accounts of Ann, and a subscriber per language at its NATS. */
export interface SubscribedPlatform {
  readonly journey: Journey
  readonly nats: string
  /** Starts the subscriber, which must not run. */
  subscribe(language: Language): void
  /** SIGTERM; resolves with its exit code. */
  unsubscribe(language: Language): Promise<number | null>
  /** What the subscriber that runs now has printed about the account. */
  told(language: Language, provider: Provider): readonly Expiry[]
  /** Everything that subscribers printed, also those that ended. */
  printed(): string
  call(provider: Provider): Promise<Response>
  /** Ann takes the grant back at the provider, and calls find that out; resolves with what a subscriber must say of it. */
  revoke(provider: Provider): Promise<Expiry>
  close(): Promise<void>
}

export async function startSubscribedPlatform(python: string): Promise<SubscribedPlatform> {
  const closers: (() => unknown)[] = []
  const close = async (): Promise<void> => {
    for (const one of closers.reverse()) await one()
  }
  try {
    return await start(python, { closers, close })
  } catch (error) {
    await close()
    throw error
  }
}

async function start(python: string, end: { readonly closers: (() => unknown)[]; close(): Promise<void> }): Promise<SubscribedPlatform> {
  const home = tempHome()
  end.closers.push(() => home.remove())
  const [mongodb, nats, redis] = await Promise.all([startMongodb(), startNats(), startRedis()])
  end.closers.push(() => Promise.all([mongodb, nats, redis].map((engine) => engine.stop())))
  const world = await startOutside()
  end.closers.push(() => world.close())
  const engines = { mongodb: mongodb.url, nats: nats.url, redis: redis.url }
  const cluster = await startCluster({ home: home.path, engines, env: world.env, replicas: 1 })
  end.closers.push(() => cluster.stop())
  const journey = await journeyOn(cluster, { home: home.path, world })
  await registerProviders(journey)
  for (const provider of ['acme', 'asana'] as const) await connect(journey, provider)
  const subscribers = subscribersOf(journey, { python, nats: nats.url })
  end.closers.push(() => Promise.all(LANGUAGES.map((language) => subscribers.unsubscribe(language))))
  for (const language of LANGUAGES) subscribers.subscribe(language)
  const call = (provider: Provider): Promise<Response> => journey.ann.fetch(credentialOf(journey, provider), PATHS[provider])
  return { journey, nats: nats.url, ...subscribers, call, revoke: (provider) => revoke(journey, { provider, call }), close: end.close }
}

function subscribersOf(
  journey: Journey,
  { python, nats }: { readonly python: string; readonly nats: string },
): Pick<SubscribedPlatform, 'subscribe' | 'unsubscribe' | 'told' | 'printed'> {
  const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
  const commands = { typescript: [process.execPath, script('subscriber.ts')], python: [python, script('subscriber.py')] } as const
  const running = new Map<Language, SubscriberProcess>()
  const started: SubscriberProcess[] = []
  return {
    subscribe(language) {
      if (running.has(language)) throw new TypeError(`the subscriber in ${language} runs`)
      const subscriber = startSubscriber(commands[language], { NATS_URL: nats, DURABLE: `expiry-${language}` })
      running.set(language, subscriber)
      started.push(subscriber)
    },
    async unsubscribe(language) {
      const code = (await running.get(language)?.stop()) ?? null
      running.delete(language)
      return code
    },
    told: (language, provider) => {
      const id = credentialOf(journey, provider)
      const expiries = running.get(language)?.expiries() ?? []
      return expiries.filter(({ credential_id }) => credential_id === id)
    },
    printed: () => started.map((subscriber) => subscriber.printed()).join('\n'),
  }
}

async function revoke(
  journey: Journey,
  { provider, call }: { readonly provider: Provider; readonly call: SubscribedPlatform['call'] },
): Promise<Expiry> {
  expect(journey.world[provider].revokeGrants('ann')).toBeGreaterThan(0)
  const refusals: CredenceError[] = []
  const ask = async (): Promise<string | undefined> => {
    const error = await call(provider).catch((thrown: unknown) => thrown)
    if (error instanceof CredenceError) refusals.push(error)
    return refusals.at(-1)?.code
  }
  await expect.poll(ask, SOON).toBe('CREDENTIAL_EXPIRED')
  const credential_id = credentialOf(journey, provider)
  const reconnect_url = `${journey.platform.public}/r/${credential_id}`
  expect(refusals.at(-1)?.reconnectUrl).toBe(reconnect_url)
  return { credential_id, reason: 'refresh_refused', reconnect_url }
}
