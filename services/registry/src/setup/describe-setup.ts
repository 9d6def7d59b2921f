import { type ProviderPayload, parseProvider, signsIn } from '@credence/provider'
import type { Actor } from '../caller/actor.ts'
import { clientIdOf, redirectUriOf } from '../provider/oauth-client.ts'
import type { Registry } from '../registry.ts'
import type { SetupDoc } from './setup.ts'

/** A setup as one actor sees it. */
export interface DescribedSetup {
  readonly doc: SetupDoc
  /** Beside what the setup itself asks for: `administrator` who saves the provider, `client` that must be registered. */
  readonly needs: string
  readonly redirectUri: string
}

/** With what only shows when it is read: whether this actor can go on, and whether the OAuth client is there by now. */
export async function describeSetup(registry: Registry, actor: Actor, doc: SetupDoc): Promise<DescribedSetup> {
  const { state, provider, report, needs = '', pattern } = doc
  const payload = report?.payload === undefined ? undefined : parseProvider(report.payload)
  const isOAuth = payload !== undefined && isOAuthAt(payload, state === 'guided' ? undefined : pattern)
  if (provider === undefined || !isOAuth) return { doc, needs: needs || administratorIn(actor, doc), redirectUri: '' }
  const clientId = clientIdOf({ id: provider.id, project: doc.project })
  const redirectUri = redirectUriOf(registry, clientId)
  const isWaiting = state === 'connect' && (await registry.docs.clients.get(clientId)) === undefined
  return { doc, needs: needs || (isWaiting ? 'client' : administratorIn(actor, doc)), redirectUri }
}

function isOAuthAt(payload: ProviderPayload, pattern: number | undefined): boolean {
  return payload.auth_patterns.some((one, i) => signsIn(one) && (pattern === undefined || pattern === i))
}

function administratorIn(actor: Actor, { state, provider }: SetupDoc): string {
  const isToBeSaved = state === 'guided' && provider?.version === 0
  return isToBeSaved && !actor.service && !actor.scopes.includes('providers') ? 'administrator' : ''
}
