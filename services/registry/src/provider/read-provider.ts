import { isId } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { type ProviderPayload, parseProvider } from '@credence/provider'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { pageSize } from '../documents/page-token.ts'
import { type Place, scan } from '../documents/scan.ts'
import type { Registry } from '../registry.ts'
import { foldedForms, type ProviderDoc, type ProviderVersionDoc } from './provider.ts'

/** One version of a provider as callers see it. */
export interface ProviderView {
  readonly id: string
  readonly version: number
  readonly payload: Uint8Array
  readonly displayName: string
  readonly origin: string
  readonly createdAt: Date
}

/** The head of a provider that exists in the actor's project; NOT_FOUND for anything else, by the same single read. */
export async function findProvider(
  registry: Registry,
  actor: Pick<Actor, 'project' | 'anyProject'>,
  id: string,
): Promise<Stored<ProviderDoc>> {
  const doc = await registry.docs.providers.get(isId('prov', id) ? id : 'prov_', { fresh: true })
  if (doc?.listedIn === undefined || (doc.project !== actor.project && !actor.anyProject)) throw noProvider()
  return doc
}

/** Those that people call so, whatever its case and Unicode form; at most `limit`. */
export async function providersNamed(
  registry: Registry,
  project: string,
  name: string,
  limit: number,
): Promise<readonly Stored<ProviderDoc>[]> {
  const found = new Map<string, Stored<ProviderDoc>>()
  for (const folded of foldedForms(name)) {
    const { docs } = await registry.docs.providers.find('name', { prefix: [project, folded], limit })
    for (const doc of docs) found.set(doc.id, doc)
  }
  return [...found.values()].slice(0, limit)
}

/** `version` 0 is the newest. Versions stay readable as long as the provider exists. */
export async function getProvider(registry: Registry, actor: Actor, id: string, version: number): Promise<ProviderView> {
  needScope(actor, 'providers', 'credentials.read', 'sessions')
  const head = await findProvider(registry, actor, id)
  return viewOf(head, await versionOf(registry, head, version))
}

/** The version of a provider that was found; NOT_FOUND when there is none with this number. */
export async function versionOf(
  registry: Registry,
  head: ProviderDoc,
  version: number,
): Promise<Pick<ProviderVersionDoc, 'version' | 'payload' | 'displayName' | 'versionAt'>> {
  if (version === 0 || version === head.version) return head
  const former = await registry.docs.providerVersions.get(versionId(head.id, version))
  if (former === undefined) throw noProvider()
  return former
}

export function versionId(provider: string, version: number): string {
  return `${provider}.${version}`
}

/** A payload that was validated when it was saved. */
export function savedPayload(doc: { readonly payload: Uint8Array }): ProviderPayload {
  return parseProvider(doc.payload)
}

export function viewOf(
  head: ProviderDoc,
  version: Pick<ProviderVersionDoc, 'version' | 'payload' | 'displayName' | 'versionAt'>,
): ProviderView {
  const { payload, displayName } = version
  return { id: head.id, version: version.version, payload, displayName, origin: head.origin, createdAt: version.versionAt }
}

/** The newest versions of the project's providers by (createdAt, id), oldest first. */
export async function listProviders(
  registry: Registry,
  actor: Actor,
  query: { readonly pageSize: number; readonly pageToken: string },
): Promise<{ page: ProviderView[]; nextPageToken: string }> {
  needScope(actor, 'providers', 'credentials.read', 'sessions')
  const name = ['providers', actor.project]
  const after = registry.pages.read<Place>(name, query.pageToken)
  const limit = pageSize(query.pageSize)
  const page: ProviderDoc[] = []
  const heads = scan(registry.docs.providers, { index: 'project', prefix: [actor.project], timeOf: (doc) => doc.createdAt, after })
  let nextPageToken = ''
  let bytes = 0
  for await (const doc of heads) {
    const last = page.at(-1)
    if (last !== undefined && (page.length === limit || bytes + doc.payload.length > MAX_PAGE_BYTES)) {
      nextPageToken = registry.pages.make(name, { at: last.createdAt.getTime(), id: last.id })
      break
    }
    page.push(doc)
    bytes += doc.payload.length
  }
  return { page: page.map((doc) => viewOf(doc, doc)), nextPageToken }
}

/** Payloads are carried whole, and a gRPC message of ours ends at 1 MiB. */
const MAX_PAGE_BYTES = 768 * 1024

export function noProvider(): CodedError {
  return new CodedError('NOT_FOUND', 'There is no such provider in this project.')
}
