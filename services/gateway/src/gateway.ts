import { createEgress, type Egress } from '@credence/egress'
import { type EventBus, type Relay, startRelay } from '@credence/events'
import type { Peers, Principal } from '@credence/rpc'
import type { Clock, Logger, Random, Tracing } from '@credence/service'
import type { Metrics } from '@credence/service/metrics'
import type { DocumentStore } from '@credence/store'
import type { GatewaySettings } from './config.ts'
import { openAddresses } from './connect/addresses.ts'
import { cookieKind } from './connect/browser.ts'
import { openClaims } from './connect/claims.ts'
import type { SessionCreation } from './connect/create-session.ts'
import { endingOf } from './connect/fail-session.ts'
import type { Flow } from './connect/flow.ts'
import { openSessions } from './connect/session-store.ts'
import { tellingSetups } from './connect/setup-step.ts'
import { sweepSessions } from './connect/sweep.ts'
import type { ConsoleDoor } from './console/signed-in.ts'
import { openTokens, type Tokens } from './console/tokens.ts'
import { type Sight, sightOf } from './events/sight.ts'
import { servicesOf } from './services.ts'

/** What the gateway is built from. */
export interface GatewayParts {
  readonly store: DocumentStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly peers: Peers
  readonly tracing: Tracing
  readonly metrics: Metrics
  /** For calls to issuers; made from the settings when absent. */
  readonly egress?: Egress
}

/** What the edges of the gateway share, built once. */
export interface Gateway {
  readonly settings: GatewaySettings
  readonly flow: Flow
  readonly creation: SessionCreation
  readonly bus: EventBus
  readonly sight: (principal: Principal) => Sight
  readonly tokens: Tokens
  readonly door: ConsoleDoor
  readonly egress: Egress
  readonly random: Random
  readonly log: Logger
  readonly tracing: Tracing
  stop(): Promise<void>
}

/** Opens the collections and starts what runs beside the requests: the relay of facts and the sweeper. */
export async function openGateway(settings: GatewaySettings, parts: GatewayParts): Promise<Gateway> {
  const { store, bus, clock, random, log, metrics } = parts
  const services = servicesOf(parts.peers)
  let relay: Pick<Relay, 'nudge'> = { nudge: () => undefined }
  const stored = await openSessions({ store, clock, random, metrics, relay: () => relay })
  const sessions = tellingSetups(stored, services, log)
  const [claims, tokens, addresses] = await Promise.all([
    openClaims(store, clock),
    openTokens({ store, clock, random }),
    openAddresses(store),
  ])
  const flow: Flow = { services, sessions, addresses, clock, random, log, ending: endingOf({ services, sessions, clock, log }) }
  const started = await startRelay({ source: 'gateway', store, collections: [sessions.collection], bus, clock, log, metrics })
  relay = started
  const stopping = new AbortController()
  const sweeping = sweepSessions(flow, [claims, tokens], stopping.signal)
  const egress = parts.egress ?? createEgress({ settings: settings.egress, clock, random })
  return {
    settings,
    flow,
    creation: { services, sessions, claims, ending: flow.ending, clock, random, publicUrl: settings.publicUrl },
    bus,
    sight: (principal) => sightOf({ services, sessions, clock }, principal),
    tokens,
    door: { services, tokens, cookie: cookieKind(settings.adminUrl, 'credence-console') },
    egress,
    random,
    log,
    tracing: parts.tracing,
    async stop() {
      stopping.abort()
      await sweeping
      await started.stop()
      if (parts.egress === undefined) await egress.close()
    },
  }
}
