import { CodedError, ERRORS, type ErrorCode } from '@credence/errors'
import type { Recipe, RecipeNative } from '@credence/provider'
import { FIELD_PREFIX } from '../intake/form-bytes.ts'
import { projectOf } from '../services.ts'
import { csrfOf } from './browser.ts'
import { tickedOf } from './choose-assets.ts'
import { confirmationCode } from './confirm-code.ts'
import { type Flow, offerFor } from './flow.ts'
import { hostOf, type Offer, offered, signInSource } from './offer.ts'
import {
  renderAssets,
  renderChoice,
  renderConsent,
  renderEnd,
  renderFailed,
  renderForm,
  renderHandshake,
  renderNative,
  renderWaiting,
} from './pages/index.ts'
import { accountQuestion, signInFirst, unverifiedQuestion } from './questions.ts'
import { type ConnectSession, stateAt } from './session.ts'
import type { Shown, Visit } from './shown.ts'
import type { FailedView, FieldView, NativeView, ScopeView, SessionFrame, WaitingView } from './views.ts'

/** The page of a session in the state it is in. */
export async function show(flow: Flow, visit: Visit): Promise<Shown> {
  const { session, base } = visit
  const state = stateAt(session, flow.clock.now())
  switch (state) {
    case 'failed':
    case 'cancelled':
    case 'timed_out':
      return { html: renderFailed(failedView(session, base)), status: state === 'timed_out' ? 410 : 200 }
    case 'unconfirmed':
      return session.confirm === 'login' ? { location: `${base}/sign-in?csrf=${csrfOf(visit.browser, session.id)}` } : showEnd(flow, visit)
    case 'connected':
      return showEnd(flow, visit)
    case 'question':
      return session.question === 'account' ? accountQuestion(flow, visit) : unverifiedQuestion(visit)
    case 'choosing':
      return showAssets(flow, visit)
    case 'checking':
    case 'connecting':
      return showWaiting(flow, visit, 'checking')
    case 'at_provider':
      return visit.wants === 'again' ? showInput(flow, visit) : showWaiting(flow, visit, 'at_provider')
    case 'open':
      if (session.opener?.proven === false) return handshakePage(flow, visit)
      return session.confirm === 'login' && session.signedIn !== true ? signInFirst(visit) : showInput(flow, visit)
  }
}

/** With `widget`, before anything else: is this the browser in which the widget stands? */
async function handshakePage(flow: Flow, visit: Visit): Promise<Shown> {
  const { session, browser, base } = visit
  const { name: asks } = await projectOf(flow.services, session.project)
  const view = { sessionId: session.id, asks, origin: session.opener?.origin ?? '', action: `${base}/proof` }
  return { html: renderHandshake({ ...view, csrf: csrfOf(browser, session.id) }), keepsOpener: true }
}

/** Choice, form or consent: what is asked of the person next. */
async function showInput(flow: Flow, visit: Visit): Promise<Shown> {
  const { session, base } = visit
  const offer = await offerFor(flow, session)
  const frame = await frameOf(flow, visit, offer)
  const chosen = session.reserved?.pattern ?? session.wantedPattern
  if (chosen === undefined || (visit.wants === 'choose' && session.wantedPattern === undefined)) {
    const patterns = session.credentialId ? offer.patterns : offered(offer, { level: session.level, scopes: session.creator.scopes })
    return { html: renderChoice({ ...frame, action: `${base}/start`, patterns }) }
  }
  const recipe = offer.recipe(chosen)
  const pattern = offer.patterns[chosen]
  if (pattern === undefined) throw new CodedError('NOT_FOUND')
  const { problem } = session.lastTry ?? {}
  const view = {
    ...frame,
    pattern,
    fields: recipe.fields.map((field) => fieldView(field, session)),
    ...(problem === undefined ? {} : { problem }),
    ...(session.wantedPattern === undefined ? { backUrl: `${base}?choose=1` } : {}),
  }
  if (recipe.oauth === undefined) return { html: renderForm({ ...view, action: `${base}/secret`, unchecked: recipe.probe === undefined }) }
  if (recipe.oauth.deviceUri !== undefined) {
    const scopes = scopeViews(recipe.oauth.availableScopes, session)
    const signInHost = hostOf(recipe.oauth.deviceUri)
    return { html: renderConsent({ ...view, action: `${base}/grant`, signInHost, scopes, device: true }) }
  }
  const signInHost = hostOf(recipe.oauth.authorizeUri)
  const html =
    recipe.native === undefined
      ? renderConsent({ ...view, action: `${base}/grant`, signInHost, scopes: scopeViews(recipe.oauth.availableScopes, session) })
      : renderNative({ ...view, action: `${base}/grant`, signInHost, ...nativeView(recipe.native) })
  // Providers send people on to sign-in pages of other hosts, in the same navigation: no narrower list would let them.
  return { html, formTargets: [...new Set(['https:', signInSource(recipe.oauth.authorizeUri)])], opensPopUp: true }
}

function fieldView(field: Recipe['fields'][number], { lastTry }: ConnectSession): FieldView {
  const value = field.plain ? lastTry?.plain[field.name] : undefined
  const problem = lastTry?.fields?.[field.name]
  return {
    name: FIELD_PREFIX + field.name,
    label: field.label,
    ...(field.hint === undefined ? {} : { hint: field.hint }),
    inputType: field.inputType,
    required: field.required,
    secret: !field.plain,
    ...(value === undefined ? {} : { value }),
    ...(problem === undefined ? {} : { problem }),
  }
}

function scopeViews(available: NonNullable<Recipe['oauth']>['availableScopes'], { lastTry, scopes }: ConnectSession): ScopeView[] {
  const wanted = lastTry?.scopes ?? scopes
  return available.map(({ scope, displayName, description, required }) => ({
    scope,
    name: displayName ?? scope,
    ...(description === undefined ? {} : { description }),
    required,
    ticked: required || wanted.length === 0 || wanted.includes(scope),
  }))
}

async function showWaiting(flow: Flow, visit: Visit, phase: 'at_provider' | 'checking'): Promise<Shown> {
  const frame = await frameOf(flow, visit)
  const device = phase === 'at_provider' ? deviceView(visit.session) : {}
  return { html: renderWaiting({ ...frame, phase, ...device, againUrl: phase === 'checking' ? visit.base : `${visit.base}?again=1` }) }
}

function deviceView({ device }: ConnectSession): Pick<WaitingView, 'device'> {
  if (device === undefined) return {}
  const { userCode, verificationUri: address, verificationUriComplete } = device
  return { device: { userCode, address, ...(verificationUriComplete === '' ? {} : { addressWithCode: verificationUriComplete }) } }
}

async function showEnd(flow: Flow, visit: Visit): Promise<Shown> {
  const { session, browser, base } = visit
  const { candidate } = session
  if (candidate === undefined) throw new TypeError('a session that came to its end has a candidate')
  const frame = await frameOf(flow, visit)
  const account = candidate.accountName ?? candidate.accountId
  const end = { ...frame, unverified: !candidate.verified, ...(account === undefined ? {} : { account }) }
  const onward = `${base}/continue`
  if (session.state === 'connected') {
    const closes = session.opener !== undefined
    return { html: renderEnd({ ...end, kind: 'done', closes, ...(session.returnUrl === undefined ? {} : { returnUrl: onward }) }) }
  }
  if (session.confirm === 'host') return { html: renderEnd({ ...end, kind: 'host', continueUrl: onward }) }
  return { html: renderEnd({ ...end, kind: 'code', digits: confirmationCode(browser, session, candidate) }) }
}

function nativeView(native: RecipeNative): Pick<NativeView, 'channels' | 'messages'> {
  const channels = native.channels.map(({ displayName, asset }) => ({ name: displayName, asset }))
  return native.messages === undefined ? { channels } : { channels, messages: native.messages }
}

/** The choice of what may be used. */
async function showAssets(flow: Flow, visit: Visit): Promise<Shown> {
  const { session, base } = visit
  const offer = await offerFor(flow, session)
  const frame = await frameOf(flow, visit, offer)
  const ticked = await tickedOf(flow, session)
  const handed = session.handed ?? []
  const channels = (offer.recipe(session.reserved?.pattern ?? 0).native?.channels ?? []).map(({ channel, displayName }) => ({
    name: displayName,
    assets: handed
      .filter((asset) => asset.channel === channel)
      .map(({ id, name, label }) => ({
        value: `${channel} ${id}`,
        id,
        name,
        ...(label === undefined ? {} : { label }),
        ticked: ticked(channel, id),
      })),
  }))
  const account = session.candidate?.accountName
  const { problem } = session.lastTry ?? {}
  const view = { ...frame, ...(account === undefined ? {} : { account }), ...(problem === undefined ? {} : { problem }) }
  return { html: renderAssets({ ...view, action: `${base}/choose`, channels: channels.filter(({ assets }) => assets.length > 0) }) }
}

/** What every page of the session shows. */
async function frameOf(flow: Flow, { session, browser, base }: Visit, known?: Offer): Promise<SessionFrame> {
  const [offer, project] = await Promise.all([known ?? offerFor(flow, session), projectOf(flow.services, session.project)])
  return {
    sessionId: session.id,
    asks: project.name,
    provider: offer.provider,
    stateUrl: `${base}/state`,
    cancelAction: `${base}/cancel`,
    csrf: csrfOf(browser, session.id),
    expiresAt: session.expiresAt,
    ...(session.credentialId === undefined || session.anonymous === true ? {} : { reconnect: { label: session.label } }),
  }
}

const TITLES: Readonly<Record<string, string>> = {
  GRANT_DENIED: 'The access was not allowed',
  SESSION_EXPIRED: 'The time is over',
  SESSION_REFUSED: 'This is for somebody else',
  CONFIRMATION_WRONG: 'It was not confirmed',
  cancelled: 'Cancelled',
}

function failedView(session: ConnectSession, base: string): FailedView {
  const { code, detail } = session.failure ?? { code: 'SESSION_EXPIRED', detail: ERRORS.SESSION_EXPIRED.advice }
  return {
    title: TITLES[code] ?? ERRORS[code as ErrorCode]?.title ?? 'Not connected',
    sentence: detail,
    code,
    sessionId: session.id,
    closes: session.opener !== undefined && session.state === 'cancelled',
    actions: session.returnUrl === undefined ? [] : [{ kind: 'link', label: 'Back', href: `${base}/continue`, primary: true }],
  }
}
