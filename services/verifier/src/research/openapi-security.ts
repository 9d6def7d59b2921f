import type { KeyHeader, Scheme } from './findings.ts'
import { isObject, type Json, listIn, memberOf, resolved, textIn } from './read-document.ts'

const MAX_SCHEMES = 6
const MAX_SCOPES = 60

/** The ways to authenticate that the document's operations really ask for, the most used first. */
export function schemesOf(document: Json, documentUrl: string): readonly Scheme[] {
  const declared = memberOf(memberOf(document, 'components'), 'securitySchemes') ?? memberOf(document, 'securityDefinitions')
  if (!isObject(declared)) return []
  const used = requirementsOf(document)
  const wanted = used.length > 0 ? used : Object.keys(declared).map((name) => [name])
  return wanted.slice(0, MAX_SCHEMES).flatMap((names) => {
    const parts = names.map((name) => schemeOf(resolved(document, declared[name]), documentUrl))
    return combined(parts.filter((part) => part !== undefined))
  })
}

/** Which schemes are asked for together: those of the whole document first, then those of operations by how many ask. */
function requirementsOf(document: Json): readonly (readonly string[])[] {
  const counts = new Map<string, number>()
  const count = (holder: Json | undefined, weight: number): void => {
    for (const requirement of listIn(holder, 'security')) {
      if (!isObject(requirement)) continue
      const names = Object.keys(requirement)
      if (names.length > 0) counts.set(names.join(' '), (counts.get(names.join(' ')) ?? 0) + weight)
    }
  }
  count(document, 1_000_000)
  const paths = memberOf(document, 'paths')
  for (const item of isObject(paths) ? Object.values(paths) : []) {
    for (const operation of isObject(item) ? Object.values(item) : []) count(operation, 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([names]) => names.split(' '))
}

/** Several header keys that are asked for together are one way; other mixtures are not ours to send. */
function combined(parts: readonly Scheme[]): readonly Scheme[] {
  if (parts.length <= 1) return parts
  const headers = parts.flatMap((part): readonly KeyHeader[] => (part.kind === 'headers' ? part.headers : []))
  return headers.length === parts.length ? [{ kind: 'headers', headers }] : []
}

function schemeOf(scheme: Json | undefined, documentUrl: string): Scheme | undefined {
  const name = textIn(scheme, 'name') ?? ''
  switch (textIn(scheme, 'type')) {
    case 'http':
      return httpScheme(textIn(scheme, 'scheme')?.toLowerCase())
    case 'basic':
      return httpScheme('basic')
    case 'apiKey':
      return keyScheme(textIn(scheme, 'in'), name, textIn(scheme, 'description') ?? '')
    case 'oauth2':
      return oauthScheme(scheme, documentUrl)
    default:
      return undefined
  }
}

function httpScheme(scheme: string | undefined): Scheme | undefined {
  if (scheme === 'bearer') return { kind: 'bearer' }
  return scheme === 'basic' ? { kind: 'basic', username: { holds: 'user' }, password: { holds: 'password' } } : undefined
}

function keyScheme(place: string | undefined, name: string, description: string): Scheme | undefined {
  if (name === '') return undefined
  if (place === 'query' || place === 'cookie') return { kind: place, name }
  if (place !== 'header') return undefined
  if (name.toLowerCase() !== 'authorization') return { kind: 'headers', headers: [{ name }] }
  // Swagger 2 has no bearer: its authors write the word into the description.
  const word = /\b(Bearer|Token|Api-?Key|Key)\s+[<{[("'`]?\w/.exec(description)?.[1]
  if (word === 'Bearer') return { kind: 'bearer' }
  return { kind: 'headers', headers: [{ name, ...(word === undefined ? {} : { prefix: `${word} ` }) }] }
}

function oauthScheme(scheme: Json | undefined, documentUrl: string): Scheme | undefined {
  const flow = memberOf(memberOf(scheme, 'flows'), 'authorizationCode') ?? (textIn(scheme, 'flow') === 'accessCode' ? scheme : undefined)
  const [authorizeUri, tokenUri] = ['authorizationUrl', 'tokenUrl'].map((name) => {
    const url = URL.parse(textIn(flow, name) ?? '', documentUrl)
    return textIn(flow, name) === undefined || url === null ? undefined : url.href
  })
  if (authorizeUri === undefined || tokenUri === undefined) return machineScheme(scheme, documentUrl)
  return { kind: 'oauth', authorizeUri, tokenUri, scopes: scopesOf(flow) }
}

function machineScheme(scheme: Json | undefined, documentUrl: string): Scheme | undefined {
  const flow = memberOf(memberOf(scheme, 'flows'), 'clientCredentials') ?? (textIn(scheme, 'flow') === 'application' ? scheme : undefined)
  const tokenUrl = textIn(flow, 'tokenUrl')
  const url = tokenUrl === undefined ? null : URL.parse(tokenUrl, documentUrl)
  return url === null ? undefined : { kind: 'machine', tokenUri: url.href, scopes: scopesOf(flow) }
}

function scopesOf(flow: Json | undefined): readonly string[] {
  const scopes = memberOf(flow, 'scopes')
  return isObject(scopes) ? Object.keys(scopes).slice(0, MAX_SCOPES) : []
}
