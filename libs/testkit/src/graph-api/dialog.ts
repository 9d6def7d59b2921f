import { type Answer, escapeHtml, htmlAnswer, redirectAnswer } from '../exchange.ts'
import { type GraphWorld, randomWord } from './world.ts'

/**
 * The login dialog. "Facebook Login for Business": `client_id`, `redirect_uri`, `config_id`, `response_type=code`, and
 * `override_default_response_type=true` where the configuration gives a system user token. "Manually Build a Login Flow":
 * `state` comes back as it was; a refusal comes as `error=access_denied`, `error_reason=user_denied`. "Embedded Signup,
 * Implementation" and "Version 4": `extras` names the version, and the window tells its opener how it went.
 */
export function dialog(world: GraphWorld, parameters: URLSearchParams): Answer {
  const refusal = refusalOf(world, parameters)
  // Facebook shows an error page and sends nobody to an address that the app does not list.
  if (refusal !== undefined) return htmlAnswer(400, 'Sorry, something went wrong', `<p>${escapeHtml(refusal)}</p>`)
  const decision = parameters.get('decision')
  if (world.dialogPage && decision === null) return dialogPage(world, parameters)
  return redirectAnswer(decision === 'cancel' ? refused(parameters) : consented(world, parameters))
}

function refusalOf(world: GraphWorld, parameters: URLSearchParams): string | undefined {
  const { app } = world
  if (parameters.get('client_id') !== app.appId) return 'Invalid App ID: The provided app ID does not look like a valid app ID.'
  if (!app.redirectUris.includes(parameters.get('redirect_uri') ?? '')) {
    return "URL Blocked: This redirect failed because the redirect URI is not white-listed in the app's client OAuth settings."
  }
  const config = app.configs[parameters.get('config_id') ?? '']
  if (config === undefined) return 'Invalid parameter: config_id is required'
  if (parameters.get('response_type') !== 'code') return 'Invalid parameter: response_type must be code'
  if (config.tokenType === 'system_user' && parameters.get('override_default_response_type') !== 'true') {
    return 'Invalid parameter: override_default_response_type must be true for this configuration'
  }
  return extrasFault(parameters.get('extras'))
}

function extrasFault(extras: string | null): string | undefined {
  if (extras === null) return undefined
  try {
    const { version } = JSON.parse(extras) as { version?: unknown }
    return version === undefined || version === 'v4' || version === 'v3' ? undefined : 'Invalid parameter: extras.version'
  } catch {
    return 'Invalid parameter: extras must be JSON'
  }
}

function consented(world: GraphWorld, parameters: URLSearchParams): string {
  const code = `AQ${randomWord(world, 120)}`
  world.codes.set(code, {
    person: world.visitor,
    redirectUri: parameters.get('redirect_uri') ?? '',
    configId: parameters.get('config_id') ?? '',
    challenge: parameters.get('code_challenge') ?? undefined,
    expiresAt: world.clock.now() + world.codeLifeMs,
    used: false,
  })
  return backTo(parameters, { code })
}

function refused(parameters: URLSearchParams): string {
  return backTo(parameters, {
    error: 'access_denied',
    error_code: '200',
    error_description: 'Permissions error',
    error_reason: 'user_denied',
  })
}

/** Facebook puts `#_=_` behind the address it sends people back to. */
function backTo(parameters: URLSearchParams, answer: Readonly<Record<string, string>>): string {
  const target = new URL(parameters.get('redirect_uri') ?? '')
  for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value)
  const state = parameters.get('state')
  if (state !== null) target.searchParams.set('state', state)
  target.hash = '_=_'
  return target.href
}

/** The message event of Embedded Signup v4: `FINISH` with the ids, or `CANCEL` with the step at which the person left. */
function dialogPage(world: GraphWorld, parameters: URLSearchParams): Answer {
  const [account] = world.visitor.whatsappAccounts
  const ids = {
    phone_number_id: account?.numbers[0]?.id,
    waba_id: account?.id,
    business_id: '1006',
    page_ids: world.visitor.pages.map(({ id }) => id),
  }
  const finish = JSON.stringify({ data: ids, type: 'WA_EMBEDDED_SIGNUP', event: 'FINISH', version: 4 })
  const cancel = JSON.stringify({
    data: { current_step: 'BUSINESS_ACCOUNT_SELECTION' },
    type: 'WA_EMBEDDED_SIGNUP',
    event: 'CANCEL',
    version: 4,
  })
  const hidden = [...parameters]
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('')
  const button = (decision: string, label: string, message: string): string =>
    `<button name="decision" value="${decision}" onclick='window.opener && window.opener.postMessage(${JSON.stringify(message).replaceAll("'", '&#39;')}, "*")'>${label}</button>`
  const body = `<p>Signed in as ${escapeHtml(world.visitor.name)}.</p><form>${hidden}${button('continue', 'Continue', finish)} ${button('cancel', 'Cancel', cancel)}</form>`
  const page = htmlAnswer(200, `${world.app.name} asks for access to your business`, body)
  return world.coop ? { ...page, headers: { ...page.headers, 'cross-origin-opener-policy': 'same-origin' } } : page
}
