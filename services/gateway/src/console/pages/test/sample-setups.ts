import type { FactView, NewSetupsView, SetupRow, SetupsView, SetupView } from '../../setup-views.ts'

const frame = { person: 'maria@acme.example', project: 'Acme Assistant', csrf: 'csrf-value', signOutAction: '/console/sign-out' }

export const row: SetupRow = {
  id: 'set_a',
  url: '/console/setups/set_a',
  title: 'Acorn Mail',
  service: 'acornmail.example',
  state: 'guided',
  needs: '',
  cause: '',
  own: true,
  stamp: 'set_a guided',
}

/** Views as the flows make them, for the tests of the pages. */
export const blank: NewSetupsView = { ...frame, action: '/console/setups', once: 'once-value', typed: '', problems: [] }
export const refused: NewSetupsView = {
  ...blank,
  typed: 'Freshdesk\nacornmail.example',
  problems: ['Line 2 looks like a secret and was taken away.', 'Line 4 is too long.'],
  shared: true,
}

const states: readonly Partial<SetupRow>[] = [
  { state: 'research' },
  { state: 'research', needs: 'site', title: 'The thing', sentence: 'What is the address of its site?' },
  {},
  { state: 'connect', cause: 'key_wrong', sentence: 'The provider did not accept these values.' },
  { state: 'verify', own: false },
  { state: 'done' },
  { state: 'cancelled', cause: 'cancelled' },
]
const setups = states.map((change, at): SetupRow => ({ ...row, ...change, id: `set_${at}`, url: `/console/setups/set_${at}` }))
export const list: SetupsView = { ...frame, pageUrl: '/console/setups', newUrl: '/console/setups/new', setups }
export const batch: SetupsView = { ...list, pageUrl: '/console/setups?batch=set_b', batch: { allUrl: '/console/setups' } }

const docs = 'https://docs.acornmail.example/guides/authentication'
const facts: readonly FactView[] = [
  { term: 'Calls go to', value: 'https://api.acornmail.example/v1', literal: true, confidence: 'high', url: docs },
  { term: 'How it signs in', value: 'With an API token', literal: false, confidence: 'medium', url: docs },
  { term: 'Header', value: 'X-Acorn', literal: true, confidence: 'low' },
]
const steps: SetupView['steps'] = [
  { audience: 'user', text: 'Sign in to your Acorn Mail account.', url: 'https://acornmail.example/login' },
  { audience: 'user', text: 'Go to Settings → Developers → API tokens.' },
]
const oauthSteps: SetupView['steps'] = [
  { audience: 'administrator', text: 'Create an application.', url: docs },
  { audience: 'administrator', text: 'Enter this redirect address there.', redirectUri: 'https://connect.example/oauth/callback/ocl_a' },
  { audience: 'user', text: 'Sign in to Acorn Mail in the window that opens.' },
]
const at = (verb: string): string => `/console/setups/set_a/${verb}`

export const guided: SetupView = {
  ...frame,
  pageUrl: row.url,
  listUrl: '/console/setups',
  setup: row,
  source: 'documentation',
  facts,
  questions: [{ question: 'Which GET can be called safely?', required: false }],
  steps,
  suggestions: [],
  visits: [
    { url: docs, outcome: 'read' },
    { url: 'https://docs.acornmail.example/private/keys', outcome: 'robots' },
  ],
  patterns: [{ title: 'API token' }],
  tries: 0,
  researchAction: at('research'),
  acceptAction: at('accept'),
  connectAction: at('connect'),
  cancelAction: at('cancel'),
}

const stage = (setup: Partial<SetupRow>, change: Partial<SetupView> = {}): SetupView => ({
  ...guided,
  ...change,
  setup: { ...row, ...setup },
})
const nothingFound = { facts: [], questions: [], steps: [], visits: [], patterns: [], source: '' }
const byHand = { action: at('payload'), payload: '{\n  "display_name": "Acorn Mail"\n}\n' }
const credential = { label: 'Acorn Mail', account: 'ann@wire.example', verified: true, url: '/console' }

/** One setup at each of its steps, in every shape that the page has. */
export const STAGES: Readonly<Record<string, SetupView>> = {
  reading: stage({ state: 'research', title: 'acornmail.example' }, nothingFound),
  'without a site': stage(
    { state: 'research', needs: 'site', sentence: 'What is the address of its site?' },
    { ...nothingFound, suggestions: ['https://acornmail.example/start'] },
  ),
  incomplete: stage(
    { state: 'research', needs: 'payload', sentence: 'How does the API authenticate?' },
    { byHand, questions: [{ question: 'What is the base address?', required: true }] },
  ),
  guided: stage({}, { byHand, patterns: [{ title: 'API token' }, { title: 'OAuth', description: 'Acts for you' }] }),
  'refused by hand': stage({}, { byHand: { ...byHand, refused: true }, problem: '`/proxy_url`: Write an address.' }),
  'of a member': stage({ needs: 'administrator' }, { batchUrl: '/console/setups?batch=set_b' }),
  'of OAuth': stage({}, { steps: oauthSteps }),
  connect: stage({ state: 'connect' }),
  'without a client': stage(
    { state: 'connect', needs: 'client' },
    { steps: oauthSteps, command: 'credence client put prov_a --id CLIENT_ID' },
  ),
  refused: stage({ state: 'connect', cause: 'key_wrong', sentence: 'The provider did not accept these values.' }, { tries: 2 }),
  down: stage({ state: 'connect', cause: 'provider_down', sentence: 'The provider did not answer.' }, { tries: 1 }),
  'of somebody else': stage({ state: 'connect', own: false }),
  checking: stage({ state: 'verify' }),
  done: stage({ state: 'done' }, { credential, batchUrl: '/console/setups?batch=set_b' }),
  'done unchecked': stage({ state: 'done' }, { credential: { label: 'Acorn Mail', verified: false, url: '/console' } }),
  'done for somebody else': stage({ state: 'done', own: false }),
  cancelled: stage({ state: 'cancelled' }, { problem: 'It has gone on in the meantime.' }),
}
