import type { Credential } from '@credence/proto/credential'
import type { Provider } from '@credence/proto/provider'
import { callAs, type Principal, servicePrincipal } from '@credence/rpc'
import { type Offer, offerOf } from '../connect/offer.ts'
import type { Services } from '../services.ts'

/** One account of the person at a service, or one that somebody shared with him. */
export interface Connection {
  readonly credential_id: string
  readonly state: 'connected' | 'expired' | 'disabled'
  readonly label: string
  /** The account at the provider, where it tells. */
  readonly account?: string
  /** False for a credential that somebody else owns: it is shown, and not his to change. */
  readonly own: boolean
  /** While connected: `unverified`, `in_doubt`, … */
  readonly health?: string
  /** While not connected: why. */
  readonly reason?: string
  readonly expires_at?: string
}

export interface Service {
  readonly provider_id: string
  readonly name: string
  readonly description?: string
  /** The one that asks for something first: `expired` before `disabled` before `connected`. */
  readonly state: 'not_connected' | 'connected' | 'expired' | 'disabled'
  readonly connections: readonly Connection[]
}

export interface ServiceList {
  readonly services: readonly Service[]
  /** There are more than a panel can show. */
  readonly more: boolean
}

/** Nobody looks through more; what is connected is shown whatever its place in the list. */
const MOST_SERVICES = 200
const MOST_CREDENTIALS = 1000
const PAGE = 200

/** Reads payloads once: they are parsed at every look of every widget otherwise. */
export interface Offers {
  of(provider: Provider): Offer
}

const MOST_OFFERS = 2000

export function openOffers(): Offers {
  const known = new Map<string, Offer>()
  return {
    of({ id: providerId, version, payloadJson }) {
      const key = `${providerId}.${version}`
      const offer = known.get(key) ?? offerOf(payloadJson, { providerId, version })
      known.delete(key)
      known.set(key, offer)
      if (known.size > MOST_OFFERS) known.delete(known.keys().next().value!)
      return offer
    },
  }
}

/** The project's services for which each user has his own account, with the person's connections, by name. */
export async function listServices(
  parts: { readonly services: Pick<Services, 'registry'>; readonly offers: Offers },
  principal: Principal,
): Promise<ServiceList> {
  const [providers, credentials] = await Promise.all([
    providersOf(parts.services, principal.project),
    credentialsOf(parts.services, principal),
  ])
  const connections = Map.groupBy(credentials, ({ providerId }) => providerId)
  const all = providers.flatMap((provider) => {
    const { payload, personal } = parts.offers.of(provider)
    if (personal.length === 0) return []
    return [
      serviceOf(
        provider,
        payload.description,
        (connections.get(provider.id) ?? []).map((one) => connectionOf(one, principal)),
      ),
    ]
  })
  const inOrder = all.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { sensitivity: 'base' }))
  if (inOrder.length <= MOST_SERVICES) return { services: inOrder, more: false }
  const held = inOrder.filter((service) => service.connections.length > 0)
  const rest = inOrder.filter((service) => service.connections.length === 0).slice(0, Math.max(0, MOST_SERVICES - held.length))
  return { services: [...held, ...rest], more: true }
}

const URGENCY = ['expired', 'disabled', 'connected'] as const

function serviceOf({ id, displayName: name }: Provider, description: string | undefined, connections: readonly Connection[]): Service {
  const state = URGENCY.find((word) => connections.some((one) => one.own && one.state === word)) ?? connections[0]?.state ?? 'not_connected'
  return { provider_id: id, name, ...(description === undefined ? {} : { description }), state, connections }
}

function connectionOf(credential: Credential, { user }: Principal): Connection {
  const { id, status, label, account, owner, health, reason, expiresAt } = credential
  const state = status === 'expired' || status === 'disabled' ? status : 'connected'
  const whose = account?.name || account?.id
  return {
    credential_id: id,
    state,
    label,
    own: owner?.user === user,
    ...(whose ? { account: whose } : {}),
    ...(state === 'connected' && health !== '' ? { health } : {}),
    ...(state !== 'connected' && reason !== '' ? { reason } : {}),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }),
  }
}

async function providersOf({ registry }: Pick<Services, 'registry'>, project: string): Promise<Provider[]> {
  const found: Provider[] = []
  for (let pageToken = ''; ; ) {
    const page = await registry.listProviders({ pageSize: PAGE, pageToken }, callAs(servicePrincipal('gateway', project)))
    found.push(...page.providers)
    pageToken = page.nextPageToken
    if (pageToken === '') return found
  }
}

/** Of user level: an account of the whole project is the administrators' affair. */
async function credentialsOf({ registry }: Pick<Services, 'registry'>, principal: Principal): Promise<Credential[]> {
  if (principal.user === '') return []
  const found: Credential[] = []
  for (let pageToken = ''; found.length < MOST_CREDENTIALS; ) {
    const page = await registry.list({ pageSize: PAGE, pageToken, providerId: '', status: '' }, callAs(principal))
    found.push(...page.credentials.filter(({ level }) => level !== 'project'))
    pageToken = page.nextPageToken
    if (pageToken === '') break
  }
  return found
}
