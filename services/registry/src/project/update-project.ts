import { CodedError, type Fault } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { change } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { CONFIRMS, type Confirm, type ProjectDoc } from './project.ts'

/** The settings as a caller sends them: lists are taken whole, an empty name keeps the present one. */
export interface ProjectSettings {
  readonly id: string
  readonly name: string
  readonly returnUrls: readonly string[]
  readonly origins: readonly string[]
  readonly confirm: string
  readonly reconnectUrl: string
  readonly consoleIssuer?: { readonly issuer: string; readonly clientId: string } | undefined
}

const MAX_NAME = 100
const MAX_ENTRIES = 100

/** The actor's own project. Throws NOT_FOUND when it does not exist. */
export async function getProject(registry: Registry, actor: Actor): Promise<Stored<ProjectDoc>> {
  const doc = await registry.docs.projects.get(actor.project)
  if (doc === undefined) throw new CodedError('NOT_FOUND', 'There is no such project.')
  return doc
}

/** Throws INVALID_REQUEST with every fault at once. */
export async function updateProject(registry: Registry, actor: Actor, settings: ProjectSettings): Promise<Stored<ProjectDoc>> {
  needScope(actor, 'project')
  if (settings.id !== '' && settings.id !== actor.project) throw new CodedError('NOT_FOUND', 'There is no such project.')
  const faults = settingsFaults(settings)
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
  const written = await change(registry.docs.projects, actor.project, (doc) => ({
    ...doc,
    name: settings.name === '' ? doc.name : settings.name,
    returnUrls: [...new Set(settings.returnUrls)],
    origins: [...new Set(settings.origins)],
    confirm: settings.confirm === '' ? 'host' : (settings.confirm as Confirm),
    reconnectUrl: settings.reconnectUrl,
    consoleIssuer: settings.consoleIssuer,
  }))
  if (written === undefined) throw new CodedError('NOT_FOUND', 'There is no such project.')
  return written
}

function settingsFaults(settings: ProjectSettings): Fault[] {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string): void => {
    faults.push({ pointer, code: 'INVALID_VALUE', detail })
  }
  if (settings.name.length > MAX_NAME || hasControls(settings.name)) refuse('/name', `Use at most ${MAX_NAME} characters on one line.`)
  for (const list of ['returnUrls', 'origins'] as const) {
    if (settings[list].length > MAX_ENTRIES) refuse(`/${MEMBER[list]}`, `List at most ${MAX_ENTRIES}.`)
  }
  settings.returnUrls.forEach((url, i) => {
    if (!isPageUrl(url)) refuse(`/return_urls/${i}`, PAGE_URL)
  })
  settings.origins.forEach((origin, i) => {
    if (!isOrigin(origin)) refuse(`/origins/${i}`, 'Write an origin such as https://app.example.com, without a path.')
  })
  if (settings.confirm !== '' && !CONFIRMS.some((word) => word === settings.confirm)) {
    refuse('/confirm', 'Write `host`, `code`, `login` or `none`.')
  }
  if (settings.reconnectUrl !== '' && !isPageUrl(settings.reconnectUrl)) refuse('/reconnect_url', PAGE_URL)
  const { consoleIssuer } = settings
  if (consoleIssuer !== undefined && !isPageUrl(consoleIssuer.issuer)) refuse('/console_issuer/issuer', PAGE_URL)
  if (consoleIssuer?.clientId === '') refuse('/console_issuer/client_id', 'Write the client id that the issuer gave.')
  return faults
}

const MEMBER = { returnUrls: 'return_urls', origins: 'origins' } as const
const PAGE_URL = 'Write an https address (http for localhost or 127.0.0.1 only) without user, password and fragment.'

/** Addresses are compared whole, so what a browser would rewrite is refused rather than kept unreachable. */
function isPageUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || text.includes('#') || text.trim() !== text) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOwnMachine(url.hostname))
}

function isOrigin(text: string): boolean {
  return isPageUrl(text) && URL.parse(text)?.origin === text
}

function isOwnMachine(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1'
}

function hasControls(text: string): boolean {
  return /[\u0000-\u001f\u007f]/.test(text)
}
