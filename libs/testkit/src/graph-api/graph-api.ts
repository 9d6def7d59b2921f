import type { IncomingMessage } from 'node:http'
import { type Clock, type Random, systemClock, systemRandom } from '@credence/service'
import { type Answer, jsonAnswer, readBody, writeAnswer } from '../exchange.ts'
import { type LoopbackServer, startLoopbackServer } from '../loopback-server.ts'
import { dialog } from './dialog.ts'
import { errorAnswer, GraphError, INVALIDATIONS, missingNode } from './graph-error.ts'
import { SAMPLE_PEOPLE, sampleApp } from './sample.ts'
import { nodeAnswer } from './serve-node.ts'
import { tokenEndpoint } from './token-endpoint.ts'
import type { GraphApp, GraphPerson, GraphToken, GraphWorld, SentMessage } from './world.ts'

export interface GraphApiOptions {
  readonly clock?: Clock
  readonly random?: Random
  readonly port?: number
  readonly people?: readonly GraphPerson[]
  readonly app?: Partial<GraphApp>
  /** Seconds; default 3600 and 5,183,944, the figures of the documents. */
  readonly shortLivedS?: number
  readonly longLivedS?: number
  readonly codeLifeMs?: number
  readonly requireProof?: boolean
  readonly dialogPage?: boolean
  /** The dialog cuts the window that opened it off, as pages with a `same-origin` opener policy do. */
  readonly coop?: boolean
}

export interface GraphApi extends LoopbackServer {
  readonly app: GraphApp
  /** Everything that was sent through it, oldest first. */
  readonly sent: readonly SentMessage[]
  /** Method and address of every request, without its query values. */
  readonly requests: readonly string[]
  /** Every token that it ever issued, for a search of leaks. */
  tokens(): readonly string[]
  allowRedirect(uri: string): void
  /** Seconds that lasting tokens live from now on. */
  longLives(seconds: number): void
  /** Who is signed in at the dialog from now on. */
  signIn(personId: string): void
  /** Ends all tokens of a person in the way that the documents name. */
  invalidate(personId: string, why: keyof typeof INVALIDATIONS): void
  /** The next answers of nodes and of the token endpoint are those of an API in trouble. */
  trouble(kind: 'down' | 'throttled', times: number): void
}

/**
 * A simulator of what Meta publishes of its Graph API for WhatsApp, Instagram and Messenger: the login dialog, the token
 * endpoint, `debug_token`, the assets of a person, and the sends of the three channels. It refuses what the documents say is
 * refused; each file names the documents that it follows. One server stands for `www.facebook.com` and `graph.facebook.com`.
 */
export async function startGraphApi(options: GraphApiOptions = {}): Promise<GraphApi> {
  const world = newWorld(options)
  const requests: string[] = []
  const loopback = await startLoopbackServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://graph.invalid')
    requests.push(`${request.method} ${url.pathname}`)
    serve(world, request, url).then(
      (answer) => writeAnswer(response, answer),
      () => response.destroy(),
    )
  }, options)
  return {
    ...loopback,
    app: world.app,
    sent: world.sent,
    requests,
    tokens: () => [...world.tokens.keys()],
    allowRedirect: (uri) => void world.app.redirectUris.push(uri),
    longLives(seconds) {
      world.longLivedS = seconds
    },
    signIn(personId) {
      world.visitor = personOf(world, personId)
    },
    invalidate(personId, why) {
      for (const token of ofPerson(world, personId)) token.invalid = INVALIDATIONS[why]
    },
    trouble: (kind, times) => void Object.assign(world.trouble, { kind, times }),
  }
}

function newWorld(options: GraphApiOptions): GraphWorld {
  const people = [...(options.people ?? SAMPLE_PEOPLE)]
  const [visitor] = people
  if (visitor === undefined) throw new TypeError('the simulator needs a person')
  const { clock = systemClock, random = systemRandom, shortLivedS = 3600, longLivedS = 5_183_944 } = options
  return {
    version: 'v25.0',
    app: { ...sampleApp(), ...options.app },
    clock,
    random,
    shortLivedS,
    longLivedS,
    codeLifeMs: options.codeLifeMs ?? 30_000,
    requireProof: options.requireProof ?? true,
    people,
    codes: new Map(),
    tokens: new Map(),
    sent: [],
    visitor,
    dialogPage: options.dialogPage ?? false,
    coop: options.coop ?? false,
    trouble: { kind: 'down', times: 0 },
  }
}

function personOf(world: GraphWorld, id: string): GraphPerson {
  const person = world.people.find((one) => one.id === id)
  if (person === undefined) throw new TypeError(`nobody has the id ${id}`)
  return person
}

function ofPerson(world: GraphWorld, id: string): GraphToken[] {
  return [...world.tokens.values()].filter(({ person }) => person.id === id)
}

async function serve(world: GraphWorld, request: IncomingMessage, url: URL): Promise<Answer> {
  const [version = '', ...path] = url.pathname.slice(1).split('/')
  const { query, body } = await inputOf(request, url)
  const isWhatsapp = world.people.some(({ whatsappAccounts }) =>
    whatsappAccounts.some(({ id, numbers }) => id === path[0] || numbers.some((number) => number.id === path[0])),
  )
  try {
    if (!/^v\d{2}\.0$/.test(version)) throw missingNode(version)
    if (path.join('/') === 'dialog/oauth') return dialog(world, query)
    failWhileInTrouble(world)
    if (path.join('/') === 'oauth/access_token') return tokenEndpoint(world, query)
    return nodeAnswer(world, { method: request.method ?? 'GET', path, query, body, authorization: request.headers.authorization })
  } catch (error) {
    if (error instanceof GraphError) return errorAnswer(world, error, { isWhatsapp })
    return jsonAnswer(500, { error: { message: 'An unknown error occurred', type: 'OAuthException', code: 1 } })
  }
}

/** "Handling Errors": 2 is a temporary issue of the service, 4 too many calls of the app. */
function failWhileInTrouble({ trouble }: GraphWorld): void {
  if (trouble.times <= 0) return
  trouble.times--
  if (trouble.kind === 'down') throw new GraphError('(#2) Service temporarily unavailable', { status: 500, code: 2 })
  throw new GraphError('(#4) Application request limit reached', { status: 403, code: 4 })
}

/** Parameters may stand in the query or in the body, which is a form or JSON ("Graph API Overview"). */
async function inputOf(request: IncomingMessage, url: URL): Promise<{ query: URLSearchParams; body: Readonly<Record<string, unknown>> }> {
  const query = new URLSearchParams(url.search)
  const raw = (await readBody(request)).toString('utf8')
  if (raw === '') return { query, body: {} }
  if (request.headers['content-type']?.includes('json')) {
    const value: unknown = JSON.parse(raw)
    return { query, body: typeof value === 'object' && value !== null ? { ...value } : {} }
  }
  const form = new URLSearchParams(raw)
  for (const [name, value] of form) query.append(name, value)
  return { query, body: Object.fromEntries(form) }
}
