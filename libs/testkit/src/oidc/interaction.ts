import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Provider } from 'oidc-provider'
import { escapeHtml, htmlAnswer, readForm, writeAnswer } from '../exchange.ts'

type Details = Awaited<ReturnType<Provider['interactionDetails']>>

export interface InteractionContext {
  readonly provider: Provider
  /** Signs in and consents without a page. */
  readonly auto: boolean
  /** Who signs in when no name was typed. */
  readonly account: () => string
}

/** Serves `/interaction/…`: the sign-in and consent pages, plain forms that a script can post, or neither when `auto` is set. */
export async function serveInteraction(
  { provider, auto, account }: InteractionContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response)
  if (request.method !== 'POST' && !auto) return writeAnswer(response, pageOf(details))
  const form = request.method === 'POST' ? await readForm(request) : new URLSearchParams({ decision: 'allow' })
  const result = await decide(provider, details, { form, account })
  // What the person decided replaces what earlier steps stored, except a login that the consent builds on.
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: !('error' in result) })
}

function pageOf({ prompt, params, uid }: Details): ReturnType<typeof htmlAnswer> {
  const client = escapeHtml(String(params.client_id ?? ''))
  if (prompt.name === 'login') {
    const field = '<label>Account <input name="login" autocomplete="username" required></label>'
    return htmlAnswer(
      200,
      'Sign in',
      `<form method="post" action="/interaction/${uid}">${field} <button name="decision" value="allow">Sign in</button></form>`,
    )
  }
  const buttons = '<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button>'
  const asked = escapeHtml(String(params.scope ?? ''))
  return htmlAnswer(
    200,
    'Allow access?',
    `<p>${client} asks for ${asked}.</p><form method="post" action="/interaction/${uid}">${buttons}</form>`,
  )
}

interface Decision {
  readonly form: URLSearchParams
  readonly account: () => string
}

async function decide(provider: Provider, details: Details, { form, account }: Decision): Promise<Record<string, unknown>> {
  if (form.get('decision') !== 'allow') return { error: 'access_denied', error_description: 'the person said no' }
  if (details.prompt.name === 'login') return { login: { accountId: form.get('login') || account() } }
  return { consent: { grantId: await grantFor(provider, details) } }
}

async function grantFor(provider: Provider, { grantId, session, params, prompt }: Details): Promise<string> {
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const fresh = { clientId: String(params.client_id), ...(session === undefined ? {} : { accountId: session.accountId }) }
  const grant = known ?? new provider.Grant(fresh)
  const missing = prompt.details as { missingOIDCScope?: string[]; missingOIDCClaims?: string[] }
  if (missing.missingOIDCScope !== undefined) grant.addOIDCScope(missing.missingOIDCScope.join(' '))
  if (missing.missingOIDCClaims !== undefined) grant.addOIDCClaims(missing.missingOIDCClaims)
  return grant.save()
}
