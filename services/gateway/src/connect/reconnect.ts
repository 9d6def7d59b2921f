import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import type { Project } from '@credence/proto/registry'
import { callAs, servicePrincipal } from '@credence/rpc'
import type { FastifyInstance } from 'fastify'
import { seeOther, sendPage } from '../http/page.ts'
import { present, projectOf, type Services, userOf } from '../services.ts'
import type { Addresses } from './addresses.ts'
import { csrfOf } from './browser.ts'
import { createSession, type SessionCreation } from './create-session.ts'
import { formOf, inputOf } from './form-body.ts'
import { renderMessage } from './pages/index.ts'
import type { MessageView } from './views.ts'
import { browserIn, type Door, greet, requireOwnForm } from './visit.ts'

export interface ReconnectSite {
  readonly services: Services
  readonly addresses: Addresses
  readonly door: Door
  readonly adminUrl: string
  readonly parts: SessionCreation
}

/**
 * `/r/{cred_…}`, the lasting address of a credential. It has no secret in it, so what it leads to is decided by how the
 * project proves people: a sign-in, the project's own page, or a session that is worthless without the owner's digits.
 */
export function serveReconnect(app: FastifyInstance, site: ReconnectSite): void {
  app.get('/r/:id', async (request, reply) => {
    const { id } = request.params as { readonly id: string }
    const { project } = await reconnectable(site, id)
    if (project.confirm === 'login') return seeOther(reply, `${site.adminUrl}/console/reconnect/${id}`)
    if (project.confirm === 'code') {
      const csrf = csrfOf(greet(site.door, request, reply), id)
      return sendPage(reply, renderMessage(startPage(project, { action: `/r/${id}/start`, csrf })))
    }
    if (project.reconnectUrl === '') return sendPage(reply, renderMessage(askPage(project)))
    const url = new URL(project.reconnectUrl)
    url.searchParams.set('credential_id', id)
    return seeOther(reply, url.href)
  })
  app.post('/r/:id/start', async (request, reply) => {
    const { id } = request.params as { readonly id: string }
    using form = formOf(request)
    requireOwnForm(request, { browser: browserIn(site.door, request), csrf: inputOf(form, 'csrf'), subject: id })
    const { project, owner } = await reconnectable(site, id)
    if (project.confirm !== 'code') throw new CodedError('NOT_FOUND')
    const person = await userOf(site.services, { project: project.id, via: 'connect' }, [owner])
    const request_ = {
      providerId: '',
      credentialId: id,
      user: '',
      label: '',
      level: '',
      confirm: 'code',
      returnUrl: '',
      scopes: [],
      requestId: '',
    }
    const { link } = await createSession(site.parts, person, { ...request_, anonymous: true })
    return seeOther(reply, new URL(link).pathname)
  })
}

/** The project and the owner of a credential that exists. Throws NOT_FOUND, the same for an id that never was and one deleted. */
async function reconnectable({ services, addresses }: ReconnectSite, id: string): Promise<{ project: Project; owner: string }> {
  const address = isId('cred', id) ? await addresses.get(id) : undefined
  if (address === undefined) throw new CodedError('NOT_FOUND')
  const as = callAs(servicePrincipal('gateway', address.project))
  const credential = await services.registry.get({ credentialId: id }, as).then(
    (answer) => present(answer.credential, 'credential'),
    () => {
      throw new CodedError('NOT_FOUND')
    },
  )
  return { project: await projectOf(services, address.project), owner: credential.owner?.user ?? address.user }
}

function startPage(project: Project, { action, csrf }: { action: string; csrf: string }): MessageView {
  return {
    title: 'Connect again',
    sentences: [`${project.name} lost access to an account of yours. At the end you get six digits: send them back in your conversation.`],
    tone: 'plain',
    actions: [{ kind: 'post', label: 'Start', action, inputs: { csrf }, primary: true }],
  }
}

function askPage(project: Project): MessageView {
  return {
    title: 'Connect again',
    sentences: [`Go to ${project.name} and connect the account there, or ask whoever runs it for a new link.`],
    tone: 'plain',
    actions: [],
  }
}
