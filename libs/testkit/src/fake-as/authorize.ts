import { type Answer, escapeHtml, htmlAnswer, redirectAnswer } from '../exchange.ts'
import type { Behaviour } from './behaviour.ts'
import { type FakeState, randomName } from './state.ts'

const CODE_LIFE_MS = 60_000
const SHOWN_PARAMETERS = ['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'code_challenge', 'code_challenge_method']

/** GET asks, POST decides (`decision=allow` or `deny`, the parameters repeated). Without a consent page a GET consents at once. */
export function authorize(state: FakeState, request: { method: string; parameters: URLSearchParams; behaviour: Behaviour }): Answer {
  const { parameters, behaviour } = request
  const clientId = parameters.get('client_id') ?? ''
  const redirectUri = parameters.get('redirect_uri') ?? ''
  const refused = (error: string): Answer => {
    state.ledger.add({ kind: 'authorize', clientId, error, status: 400 })
    return htmlAnswer(400, 'This request cannot be served', `<p>${escapeHtml(error)}</p>`)
  }
  // Nobody is redirected to an address that is not registered (RFC 6749 §4.1.2.1).
  const client = state.clients.get(clientId)
  if (client === undefined) return refused('unauthorized_client')
  if (!client.redirectUris.includes(redirectUri)) return refused('invalid_redirect_uri')

  const back = (answer: Record<string, string>): Answer => {
    state.ledger.add({ kind: 'authorize', clientId, status: 303, ...(answer.error === undefined ? {} : { error: answer.error }) })
    const target = new URL(redirectUri)
    const iss = behaviour.iss ?? state.issuer
    for (const [name, value] of Object.entries({ ...answer, state: parameters.get('state') ?? '', iss })) {
      if (value !== '') target.searchParams.set(name, value)
    }
    return redirectAnswer(target.href)
  }
  const fault = faultOf(parameters)
  if (fault !== undefined) return back({ error: fault })
  if (behaviour.error !== undefined) return back({ error: behaviour.error })
  if (state.consentPage && request.method === 'GET') return consentPage(state, parameters)
  if (request.method === 'POST' && parameters.get('decision') !== 'allow') return back({ error: 'access_denied' })
  return back({ code: newCode(state, parameters, behaviour) })
}

function faultOf(parameters: URLSearchParams): string | undefined {
  if (parameters.get('response_type') !== 'code') return 'unsupported_response_type'
  // RFC 7636 §4.4.1: a server that demands a challenge answers its absence with invalid_request.
  if (parameters.get('code_challenge_method') !== 'S256') return 'invalid_request'
  return /^[\w-]{43}$/.test(parameters.get('code_challenge') ?? '') ? undefined : 'invalid_request'
}

function newCode(state: FakeState, parameters: URLSearchParams, behaviour: Behaviour): string {
  const code = randomName(state, 'code')
  state.codes.set(code, {
    clientId: parameters.get('client_id') ?? '',
    redirectUri: parameters.get('redirect_uri') ?? '',
    challenge: parameters.get('code_challenge') ?? '',
    scope: behaviour.scope ?? parameters.get('scope') ?? '',
    account: state.account,
    expiresAt: state.clock.now() + CODE_LIFE_MS,
  })
  return code
}

function consentPage(state: FakeState, parameters: URLSearchParams): Answer {
  const hidden = SHOWN_PARAMETERS.map(
    (name) => `<input type="hidden" name="${name}" value="${escapeHtml(parameters.get(name) ?? '')}">`,
  ).join('')
  const buttons = '<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button>'
  const who = escapeHtml(state.account.name ?? state.account.sub)
  return htmlAnswer(200, 'Allow access?', `<p>You are ${who}.</p><form method="post" action="/authorize">${hidden}${buttons}</form>`)
}
