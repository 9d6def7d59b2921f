import { CodedError, isCoded } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { createSession } from '../connect/create-session.ts'
import { acceptForms, formOf, inputOf } from '../connect/form-body.ts'
import { refusalPage } from '../connect/refusal.ts'
import { seeOther, sendPage } from '../http/page.ts'
import type { ConsoleSite } from './console-site.ts'
import { credentialRow } from './describe-credential.ts'
import { serveOidc } from './oidc.ts'
import { renderCredentials } from './pages/index.ts'
import { serveSetupPages } from './setup-routes.ts'
import { serveSignIn, showSignIn } from './sign-in.ts'
import { consoleFrame, required, type SignedIn, signedIn } from './signed-in.ts'
import type { CredentialsView } from './views.ts'

const PAGE = 50

/** The console: signing in, "my credentials", and setups. */
export function serveConsole(app: FastifyInstance, site: ConsoleSite): void {
  const { door } = site
  acceptForms(app)
  app.setErrorHandler((error, request, reply) => refusalPage(error, request, { reply, log: site.log }))
  serveSignIn(app, site)
  serveOidc(app, site.oidc)
  serveSetupPages(app, site)

  // What a start prints as the address of the console is the listener's own.
  app.get('/', async (_request, reply) => seeOther(reply, '/console'))
  app.get('/console', async (request, reply) => {
    const person = await signedIn(door, request)
    if (person === undefined) return showSignIn(door, reply, { next: '/console' })
    const { after, notice } = request.query as Record<string, string | undefined>
    return sendPage(reply, renderCredentials(await credentialsView(site, person, { after, ...noticeFor(notice) })))
  })
  app.get('/console/reconnect/:id', async (request, reply) => {
    const { id } = request.params as { readonly id: string }
    const person = await signedIn(door, request)
    if (person === undefined) return showSignIn(door, reply, { next: `/console/reconnect/${id}` })
    const wanted = { providerId: '', user: '', label: '', level: '', returnUrl: '', scopes: [], requestId: '' }
    const { link } = await createSession(site.sessionParts, person.principal, { ...wanted, credentialId: id, confirm: 'login' })
    return seeOther(reply, link)
  })
  app.post('/console/credentials/:id/:verb', async (request, reply) => {
    using form = formOf(request)
    const person = await required(door, request, inputOf(form, 'csrf'))
    const { id, verb } = request.params as { readonly id: string; readonly verb: string }
    return act(site, person, { id, verb, force: inputOf(form, 'force') === 'true', reply })
  })
  app.post('/console/sign-out', async (request, reply) => {
    using form = formOf(request)
    const person = await required(door, request, inputOf(form, 'csrf'))
    await door.tokens.take('console', person.token)
    return seeOther(reply.header('set-cookie', door.cookie.set('')), '/sign-in')
  })
}

interface Act {
  readonly id: string
  readonly verb: string
  readonly force: boolean
  readonly reply: FastifyReply
}

async function act(site: ConsoleSite, person: SignedIn, { id, verb, force, reply }: Act): Promise<FastifyReply> {
  const { registry } = site.door.services
  const as = callAs(person.principal)
  if (verb === 'disable') await registry.disable({ credentialId: id, reason: 'disabled_by_caller' }, as)
  else if (verb === 'enable') await registry.enable({ credentialId: id }, as)
  else if (verb === 'delete') {
    try {
      await registry.delete({ credentialId: id, force }, as)
    } catch (error) {
      if (!isCoded(error, 'CREDENTIAL_IN_USE')) throw error
      return sendPage(reply, renderCredentials(await credentialsView(site, person, { notice: inUse(id) })), { status: 409 })
    }
  } else throw new CodedError('NOT_FOUND')
  return seeOther(reply, `/console?notice=${verb}`)
}

function inUse(id: string): NonNullable<CredentialsView['notice']> {
  const sentence = 'Something still uses it, and stops working when it is deleted.'
  const confirm = { action: `/console/credentials/${id}/delete`, label: 'Delete anyway', inputs: { force: 'true' } }
  return { tone: 'question', sentence, confirm }
}

const NOTICES: Readonly<Record<string, string>> = { disable: 'Disabled.', enable: 'Enabled.', delete: 'Deleted.' }

function noticeFor(word: string | undefined): Pick<CredentialsView, 'notice'> {
  const sentence = word === undefined ? undefined : NOTICES[word]
  return sentence === undefined ? {} : { notice: { tone: 'plain', sentence } }
}

async function credentialsView(
  { door }: ConsoleSite,
  person: SignedIn,
  options: { readonly after?: string | undefined; readonly notice?: CredentialsView['notice'] },
): Promise<CredentialsView> {
  const { principal } = person
  const list = { pageSize: PAGE, pageToken: options.after ?? '' }
  const [page, frame] = await Promise.all([door.services.registry.list(list, callAs(principal)), consoleFrame(door, person)])
  return {
    ...frame,
    credentials: page.credentials.map((credential) => credentialRow(credential, principal)),
    ...(options.notice === undefined ? {} : { notice: options.notice }),
    ...(page.nextPageToken === '' ? {} : { nextUrl: `/console?after=${encodeURIComponent(page.nextPageToken)}` }),
  }
}
