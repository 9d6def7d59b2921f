import { CodedError, isCoded } from '@credence/errors'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { seeOther, sendPage } from '../http/page.ts'
import type { Intake } from '../intake/intake.ts'
import { answerQuestion } from './answer-question.ts'
import { beginGrant } from './begin-grant.ts'
import { chooseAssets } from './choose-assets.ts'
import { completeGrant } from './complete-grant.ts'
import type { ConnectSite } from './connect-site.ts'
import { followDevice } from './device.ts'
import { begin } from './flow.ts'
import { acceptForms, formOf, inputOf } from './form-body.ts'
import { onwardUrl } from './onward.ts'
import { proveOpener } from './prove-opener.ts'
import { refusalPage } from './refusal.ts'
import { serveSessionState } from './session-state.ts'
import { show } from './show.ts'
import type { Shown } from './shown.ts'
import { submitSecret } from './submit-secret.ts'
import { browserIn, greet, sessionAt, type Visitor, visitorOf } from './visit.ts'

/** The pages of connect sessions. Every form is read by the intake, whether it carries a secret or not. */
export function serveConnect(app: FastifyInstance, site: ConnectSite): void {
  const { flow, door, adminUrl } = site
  acceptForms(app)
  app.setErrorHandler((error, request, reply) => refusalPage(error, request, { reply, log: flow.log }))
  // Whoever opens the bare address is a person, and reads a page.
  app.get('/', async () => {
    throw new CodedError('NOT_FOUND')
  })

  app.get('/connect/:ref', async (request, reply) => {
    const { ref } = request.params as { readonly ref: string }
    const { choose, again } = request.query as Record<string, unknown>
    const browser = greet(door, request, reply)
    const found = await sessionAt(door, ref, browser)
    const session = found.browser === browser.hash ? await followDevice(flow, found, browser) : found
    const wants = choose === undefined ? (again === undefined ? undefined : 'again') : 'choose'
    const shown = await show(flow, { session, browser, base: `/connect/${ref}`, ...(wants === undefined ? {} : { wants }) })
    // With `login` what follows a form ends at the console, in the same navigation.
    return sendShown(reply, shown, session.confirm === 'login' ? [new URL(adminUrl).origin] : [])
  })
  app.get('/connect/:ref/continue', async (request, reply) => {
    const { ref } = request.params as { readonly ref: string }
    const browser = browserIn(door, request)
    return seeOther(reply, onwardUrl(await sessionAt(door, ref, browser), browser))
  })
  serveSessionState(app, site)
  serveForms(app, site)

  app.get('/oauth/callback/:client', async (request, reply) => {
    const { client } = request.params as { readonly client: string }
    const parameters = request.query as Readonly<Record<string, unknown>>
    try {
      const session = await completeGrant(flow, { clientId: client, parameters }, browserIn(door, request))
      return seeOther(reply, `/connect/${session.id}`)
    } catch (error) {
      // The address holds `state` and `code`: even a refusal is shown at a clean one.
      if (isCoded(error, 'STATE_REFUSED') || isCoded(error, 'SESSION_EXPIRED')) return seeOther(reply, '/connect/refused')
      throw error
    }
  })
  app.get('/connect/refused', async () => {
    throw new CodedError('STATE_REFUSED')
  })
}

function serveForms(app: FastifyInstance, { flow, door }: ConnectSite): void {
  const onForm = (path: string, work: (visitor: Visitor, form: Intake) => Promise<string | undefined>): void => {
    app.post(`/connect/:ref/${path}`, async (request, reply) => {
      using form = formOf(request)
      const visitor = await visitorOf(door, request, inputOf(form, 'csrf'))
      const location = await work(visitor, form).catch((error: unknown) => {
        // The same form came twice at once: whoever was first does the work, and this one looks at how it goes.
        if (isCoded(error, 'CONFLICT')) return undefined
        throw error
      })
      // Posted into a pop-up: the policy of each answer on the way decides whether the window stays in its opener's hand.
      if (path === 'grant') reply.header('cross-origin-opener-policy', 'same-origin-allow-popups')
      return seeOther(reply, location ?? visitor.base)
    })
  }
  onForm('proof', async ({ session, browser }, form) => {
    await proveOpener(flow, session, { browser, proof: inputOf(form, 'proof') ?? '' })
    return undefined
  })
  onForm('start', async ({ session, browser }, form) => {
    const pattern = Number(inputOf(form, 'pattern') ?? session.wantedPattern)
    if (!Number.isSafeInteger(pattern) || pattern < 0) throw new CodedError('INVALID_REQUEST')
    await begin(flow, session, { browser, pattern })
    return undefined
  })
  onForm('secret', async ({ session, browser }, intake) => {
    const pattern = session.reserved?.pattern ?? session.wantedPattern
    if (pattern !== undefined) await submitSecret(flow, session, { browser, pattern, intake })
    return undefined
  })
  onForm('grant', async ({ session, browser }, intake) => {
    const pattern = session.reserved?.pattern ?? session.wantedPattern
    if (pattern === undefined) return undefined
    const started = await beginGrant(flow, session, { browser, pattern, intake })
    return 'authorizeUrl' in started ? started.authorizeUrl : undefined
  })
  onForm('choose', async ({ session, browser }, form) => {
    await chooseAssets(flow, session, { browser, chosen: form.beside.asset })
    return undefined
  })
  onForm('answer', async ({ session, browser }, form) => {
    await answerQuestion(flow, session, { answer: inputOf(form, 'answer'), browser })
    return undefined
  })
  onForm('cancel', async ({ session }) => {
    await flow.ending.end(session, { state: 'cancelled', code: 'cancelled', detail: 'You cancelled. Nothing was connected.' })
    return undefined
  })
}

function sendShown(reply: FastifyReply, shown: Shown, formTargets: readonly string[]): FastifyReply {
  if ('location' in shown) return seeOther(reply, shown.location)
  return sendPage(reply, shown.html, { ...shown, formTargets: [...(shown.formTargets ?? []), ...formTargets] })
}
