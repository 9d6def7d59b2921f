import { isCoded } from '@credence/errors'
import type { Setup } from '@credence/proto/setup'
import { callAs } from '@credence/rpc'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createSession } from '../connect/create-session.ts'
import { newToken } from '../connect/digest.ts'
import { formOf, inputOf } from '../connect/form-body.ts'
import { seeOther, sendPage } from '../http/page.ts'
import { present } from '../services.ts'
import type { ConsoleSite } from './console-site.ts'
import { SETUPS_URL, setupRow, setupView } from './describe-setup.ts'
import { renderNewSetups, renderSetup, renderSetups } from './pages/index.ts'
import { serviceLines } from './service-lines.ts'
import { actOnSetup, isSetupVerb } from './setup-acts.ts'
import type { NewSetupsView } from './setup-views.ts'
import { showSignIn } from './sign-in.ts'
import { consoleFrame, required, type SignedIn, signedIn } from './signed-in.ts'

const PAGE = 50

/** AI-Credentials for people: starting setups, seeing where they stand, and doing what each waits for. */
export function serveSetupPages(app: FastifyInstance, site: ConsoleSite): void {
  serveReads(app, site)
  app.post(SETUPS_URL, async (request, reply) => {
    using form = formOf(request)
    const person = await required(site.door, request, inputOf(form, 'csrf'))
    const shared = inputOf(form, 'shared') === 'yes'
    const typed = { services: inputOf(form, 'services') ?? '', once: inputOf(form, 'once') ?? '', shared }
    return startSetups(site, person, { typed, reply })
  })
  app.post(`${SETUPS_URL}/:id/connect`, async (request, reply) => {
    using form = formOf(request)
    const person = await required(site.door, request, inputOf(form, 'csrf'))
    return connect(site, person, { id: idOf(request), reply })
  })
  app.post(`${SETUPS_URL}/:id/:verb`, async (request, reply) => {
    using form = formOf(request)
    const person = await required(site.door, request, inputOf(form, 'csrf'))
    const { verb } = request.params as { readonly verb: string }
    const id = idOf(request)
    if (!isSetupVerb(verb)) return reply.callNotFound()
    const refused = await actOnSetup(site.door.services, person.principal, { id, verb, input: (name) => inputOf(form, name) ?? '' })
    if (refused === undefined) return seeOther(reply, `${SETUPS_URL}/${id}`)
    return showSetup(site, person, { id, reply, ...refused })
  })
}

function serveReads(app: FastifyInstance, site: ConsoleSite): void {
  const { door } = site
  app.get(SETUPS_URL, async (request, reply) => {
    const { batch, after } = request.query as Record<string, string | undefined>
    const query = new URLSearchParams({ ...(batch === undefined ? {} : { batch }), ...(after === undefined ? {} : { after }) })
    const pageUrl = query.size === 0 ? SETUPS_URL : `${SETUPS_URL}?${query}`
    const person = await signedIn(door, request)
    if (person === undefined) return showSignIn(door, reply, { next: pageUrl })
    const order = { batchId: batch ?? '', pageSize: PAGE, pageToken: after ?? '' }
    const [page, frame] = await Promise.all([door.services.setups.listSetups(order, callAs(person.principal)), consoleFrame(door, person)])
    const next = new URLSearchParams({ ...(batch === undefined ? {} : { batch }), after: page.nextPageToken })
    const view = {
      ...frame,
      pageUrl,
      newUrl: `${SETUPS_URL}/new`,
      setups: page.setups.map((setup) => setupRow(setup, person.principal)),
      ...(batch === undefined ? {} : { batch: { allUrl: SETUPS_URL } }),
      ...(page.nextPageToken === '' ? {} : { nextUrl: `${SETUPS_URL}?${next}` }),
    }
    return sendPage(reply, renderSetups(view))
  })
  app.get(`${SETUPS_URL}/new`, async (request, reply) => {
    const person = await signedIn(door, request)
    if (person === undefined) return showSignIn(door, reply, { next: `${SETUPS_URL}/new` })
    return sendPage(reply, renderNewSetups(await newView(site, person, { typed: '', problems: [] })))
  })
  app.get(`${SETUPS_URL}/:id`, async (request, reply) => {
    const id = idOf(request)
    const person = await signedIn(door, request)
    if (person === undefined) return showSignIn(door, reply, { next: `${SETUPS_URL}/${id}` })
    return showSetup(site, person, { id, reply })
  })
}

function idOf(request: FastifyRequest): string {
  return (request.params as { readonly id: string }).id
}

interface Typed {
  readonly services: string
  readonly once: string
  readonly shared: boolean
}

async function startSetups(site: ConsoleSite, person: SignedIn, { typed, reply }: { typed: Typed; reply: FastifyReply }) {
  const { services, kept, problems } = serviceLines(typed.services)
  const again = async (why: readonly string[]): Promise<FastifyReply> => {
    const view = await newView(site, person, { typed: kept, problems: why, shared: typed.shared })
    return sendPage(reply, renderNewSetups(view), { status: 422 })
  }
  if (problems.length > 0) return again(problems)
  const level = typed.shared ? 'project' : ''
  const order = { items: services.map((service) => ({ service, label: '', level })), user: '', requestId: typed.once }
  try {
    const { results, batchId } = await site.door.services.setups.startSetups(order, callAs(person.principal))
    // Each line was looked at before: what is refused now is told, and the others have begun.
    const refused = results.flatMap(({ refusal }, at) => (refusal === undefined ? [] : [`Line ${at + 1}: ${refusal.detail}`]))
    if (refused.length > 0) return again([...refused, 'The others have begun.'])
    const only = results.length === 1 ? results[0]?.setup?.id : undefined
    return seeOther(reply, only === undefined ? `${SETUPS_URL}?batch=${batchId}` : `${SETUPS_URL}/${only}`)
  } catch (error) {
    if (isCoded(error, 'SECRET_REFUSED') || isCoded(error, 'SCOPE_REQUIRED')) return again([error.message])
    throw error
  }
}

async function newView(
  { door, sessionParts }: ConsoleSite,
  person: SignedIn,
  { typed, problems, shared = false }: { readonly typed: string; readonly problems: readonly string[]; readonly shared?: boolean },
): Promise<NewSetupsView> {
  const mayShare = person.principal.scopes.includes('project')
  const form = { action: SETUPS_URL, once: newToken(sessionParts.random), typed, problems, ...(mayShare ? { shared } : {}) }
  return { ...(await consoleFrame(door, person)), ...form }
}

interface Showing {
  readonly id: string
  readonly reply: FastifyReply
  readonly problem?: string
  /** The payload as it was written by hand, to be corrected. */
  readonly payload?: string
}

async function showSetup(site: ConsoleSite, person: SignedIn, { id, reply, problem, payload }: Showing): Promise<FastifyReply> {
  const { services } = site.door
  const { principal } = person
  const setup: Setup = present((await services.setups.getSetup({ setupId: id }, callAs(principal))).setup, 'setup')
  const [frame, credential] = await Promise.all([
    consoleFrame(site.door, person),
    setup.credentialId === '' ? undefined : credentialIfSeen(site, person, setup.credentialId),
  ])
  const view = setupView(setup, { principal, credential })
  const byHand = view.byHand === undefined || payload === undefined ? {} : { byHand: { ...view.byHand, payload, refused: true } }
  const html = renderSetup({ ...frame, ...view, ...byHand, ...(problem === undefined ? {} : { problem }) })
  // The form of the connect step leads to the public address, and from there over the sign-in back to it.
  const formTargets = [site.publicUrl, site.oidc.adminUrl].map((url) => new URL(url).origin)
  return sendPage(reply, html, { status: problem === undefined ? 200 : 422, formTargets })
}

/** It may be gone again, or another person's. */
async function credentialIfSeen({ door }: ConsoleSite, { principal }: SignedIn, credentialId: string) {
  try {
    return (await door.services.registry.get({ credentialId }, callAs(principal))).credential
  } catch (error) {
    if (isCoded(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** Only there is anything secret asked for; from there the person comes back to the setup. */
async function connect(site: ConsoleSite, person: SignedIn, { id, reply }: { id: string; reply: FastifyReply }): Promise<FastifyReply> {
  const wanted = { providerId: '', credentialId: '', user: '', label: '', level: '', returnUrl: '', scopes: [], requestId: '' }
  const homeUrl = `${site.oidc.adminUrl}${SETUPS_URL}/${id}`
  try {
    const asked = { ...wanted, setupId: id, confirm: 'login', homeUrl }
    return seeOther(reply, (await createSession(site.sessionParts, person.principal, asked)).link)
  } catch (error) {
    if (!isCoded(error, 'SETUP_STEP') && !isCoded(error, 'CLIENT_MISSING') && !isCoded(error, 'SCOPE_REQUIRED')) throw error
    return showSetup(site, person, { id, reply, problem: error.message })
  }
}
