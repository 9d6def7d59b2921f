import { isCoded } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import type { Setup } from '@credence/proto/setup'
import { type ProviderPayload, parseProvider } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { factWords } from './fact-words.ts'
import type { SetupRow, SetupView } from './setup-views.ts'

export const SETUPS_URL = '/console/setups'

const STATES = ['research', 'guided', 'connect', 'verify', 'done', 'cancelled'] as const

/** A setup as it stands in a list. */
export function setupRow(setup: Setup, { user }: Principal): SetupRow {
  const { id, service, name, needs, cause, sentence, tries, movedAt } = setup
  const state = STATES.find((one) => one === setup.state) ?? 'cancelled'
  return {
    id,
    url: `${SETUPS_URL}/${id}`,
    title: name || service,
    service,
    state,
    needs,
    cause,
    ...(sentence === '' ? {} : { sentence }),
    own: setup.user === user,
    stamp: [id, state, needs, tries, movedAt?.getTime()].join(' '),
  }
}

export interface SetupBeside {
  readonly principal: Principal
  /** The one that it ended in, where this person may see it. */
  readonly credential: Credential | undefined
}

/** A setup as its page shows it. */
export function setupView(setup: Setup, { principal, credential }: SetupBeside): Omit<SetupView, keyof FrameOfPage> {
  const row = setupRow(setup, principal)
  const action = (verb: string): string => `${row.url}/${verb}`
  const payload = payloadOf(setup)
  const maySave = principal.scopes.includes('providers')
  return {
    pageUrl: row.url,
    listUrl: SETUPS_URL,
    setup: row,
    ...(setup.batchId === '' ? {} : { batchUrl: `${SETUPS_URL}?batch=${setup.batchId}` }),
    source: setup.source,
    facts: setup.facts.map((fact) => factWords(fact, payload)),
    questions: setup.missing.map(({ question, required }) => ({ question, required })),
    steps: setup.steps.map(({ audience, text, url, showsRedirectAddress }) => ({
      audience: audience === 'administrator' ? 'administrator' : 'user',
      text,
      ...(url === '' ? {} : { url }),
      ...(showsRedirectAddress && setup.redirectUri !== '' ? { redirectUri: setup.redirectUri } : {}),
    })),
    suggestions: setup.suggestions,
    visits: setup.visits.map(({ url, outcome }) => ({ url, outcome })),
    patterns: (payload?.auth_patterns ?? []).map(({ display_name: title, type, description }) => ({
      title: title ?? type,
      ...(description === undefined ? {} : { description }),
    })),
    tries: setup.tries,
    researchAction: action('research'),
    acceptAction: action('accept'),
    connectAction: action('connect'),
    cancelAction: action('cancel'),
    ...(maySave ? { byHand: { action: action('payload'), payload: written(setup) } } : {}),
    ...(setup.needs === 'client' ? { command: `credence client put ${setup.providerId} --id CLIENT_ID` } : {}),
    ...(credential === undefined ? {} : { credential: credentialOf(credential) }),
  }
}

type FrameOfPage = Pick<SetupView, 'person' | 'project' | 'csrf' | 'signOutAction'>

function credentialOf({ label, providerName, account, health }: Credential): NonNullable<SetupView['credential']> {
  const name = account?.name || account?.id
  return {
    label: label || providerName,
    ...(name === undefined || name === '' ? {} : { account: name }),
    verified: health !== 'unverified',
    url: '/console',
  }
}

/** Undefined for one that this version no longer takes: the page then shows everything else. */
function payloadOf({ payloadJson }: Setup): ProviderPayload | undefined {
  if (payloadJson.length === 0) return undefined
  try {
    return parseProvider(payloadJson)
  } catch (error) {
    if (isCoded(error, 'INVALID_PROVIDER')) return undefined
    throw error
  }
}

function written({ payloadJson, name, service, site }: Setup): string {
  if (payloadJson.length > 0) return `${JSON.stringify(JSON.parse(payloadJson.toString('utf8')), null, 2)}\n`
  const field = { field_name: 'token', label: 'API token', input_type: 'password', required: true }
  const start = {
    display_name: name || service,
    auth_patterns: [{ type: 'BEARER', fields: [field] }],
    proxy_url: site === '' ? 'https://api.example.com/v1' : `${site}/`,
    proxy_enabled: true,
  }
  return `${JSON.stringify(start, null, 2)}\n`
}
