import { renderCredentials, renderNewSetups, renderSetup, renderSetups, renderSignIn } from '../../../console/pages/index.ts'
import * as setups from '../../../console/pages/test/sample-setups.ts'
import * as console_ from '../../../console/pages/test/sample-views.ts'
import {
  renderAssets,
  renderChoice,
  renderConsent,
  renderElsewhere,
  renderEnd,
  renderFailed,
  renderForm,
  renderHandshake,
  renderIdentity,
  renderMessage,
  renderNative,
  renderWaiting,
} from '../index.ts'
import * as sample from './sample-views.ts'

/** A page and the view that it is made of. */
export interface Sample {
  readonly name: string
  /** The page, with every text of the view changed by `change`. */
  render(change: (text: string) => string): string
}

const as =
  <View>(name: string, render: (view: View) => string) =>
  (view: View): Sample => ({ name, render: (change) => render(changed(view, change) as View) })

/** Every page in every shape that it has. */
export const EVERY_PAGE: readonly Sample[] = [
  as('choice', renderChoice)(sample.choice),
  as('form', renderForm)(sample.form),
  as('form refused', renderForm)(sample.refused),
  as('form with faults', renderForm)(sample.faulty),
  as('form to reconnect', renderForm)({ ...sample.form, reconnect: { label: 'Support desk', account: 'maria@acme.example' } }),
  as('form without fields', renderForm)({ ...sample.form, fields: [] }),
  as('consent', renderConsent)(sample.consent),
  as('consent of another device', renderConsent)({ ...sample.consent, device: true }),
  as('consent with fields', renderConsent)({ ...sample.consent, fields: [sample.plainField], problem: 'No.' }),
  as('native', renderNative)(sample.native),
  as('native with fields', renderNative)({ ...sample.native, fields: [sample.plainField], problem: 'No.' }),
  as('assets', renderAssets)(sample.assets),
  as('assets refused', renderAssets)({ ...sample.assets, problem: 'Choose at least one of them.' }),
  as('waiting', renderWaiting)(sample.waiting),
  as('waiting for another device', renderWaiting)(sample.device),
  as('checking', renderWaiting)({ ...sample.waiting, phase: 'checking' }),
  as('end host', renderEnd)(sample.ends.host),
  as('end code', renderEnd)({ ...sample.ends.code, unverified: true }),
  as('end done', renderEnd)(sample.ends.done),
  as('end of a window', renderEnd)({ ...sample.ends.done, closes: true }),
  as('identity', renderIdentity)(sample.identity),
  as('identity refused', renderIdentity)({ ...sample.identity, attemptsLeft: 1, problem: 'These do not match.' }),
  as('identity without consent', renderIdentity)(without(sample.identity, 'consent')),
  as('handshake', renderHandshake)(sample.handshake),
  as('failed', renderFailed)(sample.failed),
  as('question', renderMessage)(sample.question),
  as('elsewhere', renderElsewhere)({ title: 'Nothing happens here', sentence: 'Opened in another browser.' }),
  as('sign in', renderSignIn)({ oidc: { href: '/sign-in/oidc?next=/console', issuerHost: 'login.acme.example' } }),
  as('sign in by link', renderSignIn)({ problem: 'Too old.' }),
  as('credentials', renderCredentials)({ ...console_.list, nextUrl: '/console?after=x' }),
  as('credentials with a question', renderCredentials)(console_.inUse),
  as('no credentials', renderCredentials)({ ...console_.list, credentials: [], notice: { tone: 'plain', sentence: 'Deleted.' } }),
  as('new setup', renderNewSetups)(setups.blank),
  as('new setup refused', renderNewSetups)(setups.refused),
  as('setups', renderSetups)({ ...setups.list, nextUrl: '/console/setups?after=x' }),
  as('setups of a batch', renderSetups)(setups.batch),
  as('no setups', renderSetups)({ ...setups.list, setups: [] }),
  ...Object.entries(setups.STAGES).map(([name, view]) => as(`setup ${name}`, renderSetup)(view)),
]

function without<V, K extends keyof V>(view: V, member: K): Omit<V, K> {
  const { [member]: _left, ...rest } = view
  return rest
}

/** Members that are words of ours, which nobody outside can choose. */
const OURS: ReadonlySet<string> = new Set([
  ...['kind', 'inputType', 'status', 'health', 'tone', 'phase'],
  ...['state', 'needs', 'cause', 'confidence', 'audience', 'source'],
])

function changed(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((one) => changed(one, change))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, OURS.has(name) ? one : changed(one, change)]))
}
