import { type Findings, type Seen, WEIGHT } from './findings.ts'
import { openApiProbes } from './openapi-probe.ts'
import { schemesOf } from './openapi-security.ts'
import { isObject, type Json, listIn, memberOf, readDocument, textIn } from './read-document.ts'
import type { Page, Reader } from './reader.ts'

/** Takes what an OpenAPI 3 or Swagger 2 document says. False when the page is none. */
export function readOpenApi(page: Page, reader: Pick<Reader, 'isOwn'>, findings: Findings): boolean {
  const document = page.cut ? undefined : readDocument(page.text)
  const version = textIn(document, 'openapi') ?? textIn(document, 'swagger')
  if (document === undefined || version === undefined || !isObject(memberOf(document, 'paths'))) return false
  const seen = <T>(value: T): Seen<T> => ({ value, url: page.url, source: 'openapi', weight: WEIGHT.official })
  const info = memberOf(document, 'info')
  const title = textIn(info, 'title')
  if (title !== undefined) findings.names.push(seen(title.replace(/\s+(?:REST\s+)?API$/i, '').slice(0, 100)))
  const description = textIn(info, 'description')
  if (description !== undefined) findings.descriptions.push(seen(description))
  const [base] = serversOf(document, page.url).filter((url) => reader.isOwn(url.replaceAll(/\{\{\w+\}\}/g, 'x')))
  if (base !== undefined) findings.baseUrls.push(seen(base))
  for (const scheme of schemesOf(document, page.url)) findings.schemes.push(seen(scheme))
  if (base !== undefined) for (const path of openApiProbes(document)) findings.probes.push(seen(`${base}${path}`))
  return true
}

/** The base URLs that a document names, as templates of ours, the first of its list first; variables with one value are filled in. */
function serversOf(document: Json, documentUrl: string): readonly string[] {
  const host = textIn(document, 'host')
  if (host !== undefined) {
    const scheme = listIn(document, 'schemes').includes('http') && !listIn(document, 'schemes').includes('https') ? 'http' : 'https'
    return [`${scheme}://${host}${(textIn(document, 'basePath') ?? '').replace(/\/+$/, '')}`]
  }
  const servers = listIn(document, 'servers')
  if (servers.length === 0) return [new URL(documentUrl).origin]
  return servers.flatMap((server) => {
    const url = textIn(server, 'url')
    if (url === undefined || /sandbox|staging|localhost|127\.0\.0\.1/i.test(url)) return []
    return absolute(filled(url, memberOf(server, 'variables')), documentUrl)
  })
}

function filled(url: string, variables: Json | undefined): string {
  return url.replaceAll(/\{([A-Za-z][\w-]*)\}/g, (_, name: string) => {
    const variable = memberOf(variables, name)
    const fallback = textIn(variable, 'default')
    // A version or region has a default that works; a place for the customer's own name has one that never does.
    const isTheirs = /domain|tenant|account|customer|shop|store|company|workspace|org|instance|site|host|team/i.test(name)
    return fallback !== undefined && !isTheirs ? fallback : `{{${name.replaceAll('-', '_')}}}`
  })
}

function absolute(url: string, documentUrl: string): readonly string[] {
  if (/^https?:\/\//i.test(url)) return [url.replace(/\/+$/, '')]
  const resolved = URL.parse(url, documentUrl)
  return resolved === null ? [] : [`${resolved.origin}${resolved.pathname}`.replace(/\/+$/, '')]
}
