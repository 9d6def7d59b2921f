import { CodedError, isCoded } from '@credence/errors'
import type { Challenge } from '@credence/proto/identity'
import { callAs, servicePrincipal } from '@credence/rpc'
import type { Logger } from '@credence/service'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { seeOther, sendPage } from '../../http/page.ts'
import type { Intake } from '../../intake/intake.ts'
import { present, type Services, userOf } from '../../services.ts'
import { csrfOf } from '../browser.ts'
import { acceptForms, formOf, inputOf } from '../form-body.ts'
import { renderIdentity, renderVerified } from '../pages/index.ts'
import { refusalPage } from '../refusal.ts'
import type { FieldView } from '../views.ts'
import { browserIn, type Door, greet, requireOwnForm } from '../visit.ts'
import { answerAtPage } from './answer-challenge.ts'
import type { IdentityView } from './identity-view.ts'

export interface IdentitySite {
  readonly services: Services
  readonly door: Pick<Door, 'cookie' | 'random'>
  readonly log: Logger
}

/** Why the form is shown again: a word in the address, a sentence on the page. */
const TOLD: Readonly<Record<string, string>> = {
  wrong: 'These answers do not match. Look at all of them: which one was wrong is not told.',
  missing: 'Answer every question.',
  consent: 'Tick what you agree to, or go back to the conversation without it.',
  later: 'The records cannot be asked at this moment. This did not count: try again in a few minutes.',
}

/** `/identity/{challenge}`: the customer answers himself, and the agent sees nothing of it. The address is good for one attempt. */
export function serveIdentityPages(app: FastifyInstance, site: IdentitySite): void {
  const { services, door, log } = site
  acceptForms(app)
  app.setErrorHandler((error, request, reply) => refusalPage(error, request, { reply, log }))

  app.get('/identity/verified', async (_request, reply) => sendPage(reply, renderVerified()))
  app.get('/identity/:challenge', async (request, reply) => {
    const { challenge } = request.params as { readonly challenge: string }
    const { told } = request.query as { readonly told?: unknown }
    const browser = greet(door, request, reply)
    const opened = await challengeAt(services, challenge)
    const problem = typeof told === 'string' ? TOLD[told] : undefined
    const view = viewOf(opened, { action: `/identity/${challenge}`, csrf: csrfOf(browser, challenge) })
    return sendPage(reply, renderIdentity({ ...view, ...(problem === undefined ? {} : { problem }) }))
  })
  app.post('/identity/:challenge', async (request, reply) => {
    using form = formOf(request)
    return seeOther(reply, await submit(site, request, form))
  })
}

/** Where the customer is led to. */
async function submit({ services, door }: IdentitySite, request: FastifyRequest, form: Intake): Promise<string> {
  const { challenge } = request.params as { readonly challenge: string }
  requireOwnForm(request, { browser: browserIn(door, request), csrf: inputOf(form, 'csrf'), subject: challenge })
  const opened = await challengeAt(services, challenge)
  const asked = opened.facts.map(({ name }) => name)
  if (asked.some((name) => !form.names.includes(name))) return again(challenge, 'missing')
  if (opened.consentPurpose !== '' && inputOf(form, 'consent') !== 'yes') return again(challenge, 'consent')
  try {
    await answerAtPage({ services }, { challenge, answers: form.secretFields(asked) })
  } catch (error) {
    const next = isCoded(error) ? error.details.identity?.challenge : undefined
    if (next !== undefined && isCoded(error, 'IDENTITY_MISMATCH')) return again(next, 'wrong')
    if (next !== undefined && isCoded(error, 'RECORDS_UNAVAILABLE')) return again(next, 'later')
    throw error
  }
  if (opened.consentPurpose !== '') await consent(services, opened)
  return '/identity/verified'
}

function again(challenge: string, told: keyof typeof TOLD & string): string {
  return `/identity/${challenge}?told=${told}`
}

/** What was on the page; CONFLICT where the capability asks for something else by now. */
async function consent(services: Services, { project, user, ...opened }: Challenge): Promise<void> {
  const customer = await userOf(services, { project, via: 'page' }, [user])
  const { capabilityId, consentPurpose: purpose, consentScopes: scopes } = opened
  await services.registry.giveConsent({ capabilityId, purpose, scopes, how: 'page' }, callAs(customer))
}

async function challengeAt(services: Services, challenge: string): Promise<Challenge> {
  const answer = await services.verifier.readChallenge({ challenge }, callAs(servicePrincipal('gateway')))
  const opened = present(answer.challenge, 'challenge')
  if (opened.lockedUntil !== undefined) throw new CodedError('IDENTITY_LOCKED')
  return opened
}

function viewOf(opened: Challenge, form: Pick<IdentityView, 'action' | 'csrf'>): IdentityView {
  const { projectName: asks, capabilityName: capability, attemptsLeft, expiresAt, consentPurpose: purpose, consentScopes: scopes } = opened
  return {
    ...form,
    asks,
    capability,
    attemptsLeft,
    expiresAt: present(expiresAt, 'end'),
    fields: opened.facts.map(fieldOf),
    ...(purpose === '' ? {} : { consent: { purpose, scopes } }),
  }
}

/** Never filled in again, nor remembered by the browser. */
function fieldOf({ name, question, kind }: Challenge['facts'][number]): FieldView {
  return { name: `field.${name}`, label: question, inputType: kind === 'email' ? 'email' : 'text', required: true, secret: true }
}
