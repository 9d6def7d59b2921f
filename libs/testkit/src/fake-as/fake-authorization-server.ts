import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Clock, type Random, systemClock, systemRandom } from '@credence/service'
import { type Answer, jsonAnswer, readBody, readForm, writeAnswer } from '../exchange.ts'
import { type LoopbackServer, startLoopbackServer, type TlsNames } from '../loopback-server.ts'
import { authorize } from './authorize.ts'
import { type Behaviour, Behaviours, bentAnswer, type Endpoint } from './behaviour.ts'
import { controlOf, type FakeControl, serveControl } from './control.ts'
import { authorizeDevice } from './device.ts'
import { type Account, Grants, type ServerClass } from './grants.ts'
import { Ledger } from './ledger.ts'
import { registerClient } from './register.ts'
import { introspect, metadata, revoke, userinfo } from './resource.ts'
import type { FakeClient, FakeState } from './state.ts'
import { authenticateClient, exchangeToken } from './token.ts'

export interface FakeAuthorizationServerOptions {
  /** Default `strict`, the least forgiving. */
  readonly serverClass?: ServerClass
  /** Life of access tokens in seconds; default 3600. */
  readonly expiresInS?: number
  /** How long a spent token still works in class `grace`; default 10 min. */
  readonly graceMs?: number
  /** Default: one confidential client, `client` with the secret `fake-client-secret`, without a redirect URI. */
  readonly clients?: readonly FakeClient[]
  readonly account?: Account
  /** Public keys in PEM by issuer, for assertions. */
  readonly assertionKeys?: Readonly<Record<string, string>>
  /** Accounts by the tokens that may be exchanged. */
  readonly subjectTokens?: Readonly<Record<string, string>>
  /** Of sign-ins on another device; default: an interval of 5 s and a life of 600 s. */
  readonly device?: { readonly intervalS: number; readonly lifeS: number }
  readonly consentPage?: boolean
  /** Its public name when it is reached under one; default: the URL of its socket. */
  readonly issuer?: string
  readonly port?: number
  /** TLS on its own socket; leave it out when a stand-in terminates TLS before it. */
  readonly tls?: TlsNames
  /** Also writes the ledger here, a JSON line per entry. */
  readonly ledgerFile?: string
  readonly clock?: Clock
  readonly random?: Random
}

export interface FakeAuthorizationServer extends LoopbackServer, FakeControl {
  readonly issuer: string
  readonly client: FakeClient
}

const DEFAULT_GRACE_MS = 600_000

/**
 * An OAuth 2.0 server of our own that tells the truth about what it saw: every request, what it issued and revoked, and
 * whether a presented refresh token was in force, spent or unknown. Endpoints: `/authorize /token /userinfo /revoke
 * /introspect`, metadata under `/.well-known/oauth-authorization-server`, and `/control/…` for tests in other processes.
 */
export async function startFakeAuthorizationServer(options: FakeAuthorizationServerOptions = {}): Promise<FakeAuthorizationServer> {
  const state = newState(options)
  const control = controlOf(state)
  const loopback = await startLoopbackServer((request, response) => {
    // A request that its sender gave up has nobody left to answer.
    serve(state, control, { request, response }).catch(() => response.destroy())
  }, options)
  state.issuer = options.issuer ?? loopback.url
  const client = [...state.clients.values()][0]
  if (client === undefined) throw new TypeError('the fake server needs a client')
  const close = (): Promise<void> => {
    control.release()
    return loopback.close()
  }
  return { ...loopback, ...control, close, issuer: state.issuer, client }
}

function newState(options: FakeAuthorizationServerOptions): FakeState {
  const { clock = systemClock, random = systemRandom, serverClass = 'strict' } = options
  const ledger = new Ledger(() => clock.now(), options.ledgerFile)
  const clients = options.clients ?? [{ clientId: 'client', clientSecret: 'fake-client-secret', redirectUris: [] }]
  return {
    issuer: '',
    serverClass,
    expiresInS: options.expiresInS ?? 3600,
    consentPage: options.consentPage ?? false,
    clock,
    random,
    clients: new Map(clients.map((client) => [client.clientId, { ...client, redirectUris: [...client.redirectUris] }])),
    codes: new Map(),
    ledger,
    grants: new Grants({ serverClass, graceMs: options.graceMs ?? DEFAULT_GRACE_MS, clock, random, ledger }),
    behaviours: new Behaviours(clock),
    assertionKeys: new Map(Object.entries(options.assertionKeys ?? {})),
    seenAssertions: new Set(),
    devices: new Map(),
    device: options.device ?? { intervalS: 5, lifeS: 600 },
    subjectTokens: new Map(Object.entries(options.subjectTokens ?? {})),
    account: options.account ?? { sub: 'ann', name: 'Ann Example', email: 'ann@example.com' },
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function serve(state: FakeState, control: FakeControl, { request, response }: Exchange): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake.invalid')
  const endpoint = url.pathname.slice(1)
  if (url.pathname.startsWith('/control/')) {
    return writeAnswer(response, serveControl(control, url.pathname.slice('/control/'.length), await readBody(request)))
  }
  if (url.pathname === '/.well-known/oauth-authorization-server') return writeAnswer(response, metadata(state))
  if (endpoint === 'introspect')
    return writeAnswer(response, introspect(state, { headers: request.headers, form: await readForm(request) }))
  if (endpoint === 'device_authorization') {
    const form = await readForm(request)
    return writeAnswer(response, authorizeDevice(state, authenticateClient(state, { headers: request.headers, form }), form))
  }
  if (endpoint === 'register') return writeAnswer(response, registerClient(state, (await readBody(request)).toString('utf8')))
  if (!isEndpoint(endpoint)) return writeAnswer(response, jsonAnswer(404, { error: 'not_found' }))

  const body = request.method === 'GET' ? url.searchParams : await readForm(request)
  const behaviour = state.behaviours.take(endpoint)
  if (behaviour.cut === 'unprocessed') {
    response.destroy()
    return
  }
  const { answer, seq } = answerOf(state, endpoint, { request, form: body, behaviour })
  noteUndelivered(state, response, seq)
  await state.behaviours.pause(behaviour)
  sendBent(response, answer, behaviour)
}

function isEndpoint(text: string): text is Endpoint {
  return ['authorize', 'token', 'userinfo', 'revoke'].includes(text)
}

interface EndpointCall {
  readonly request: IncomingMessage
  readonly form: URLSearchParams
  readonly behaviour: Behaviour
}

function answerOf(state: FakeState, endpoint: Endpoint, { request, form, behaviour }: EndpointCall): { answer: Answer; seq?: number } {
  const { headers, method = 'GET' } = request
  if (endpoint === 'token') return exchangeToken(state, { headers, form, behaviour })
  if (endpoint === 'authorize') return { answer: authorize(state, { method, parameters: form, behaviour }) }
  const right = endpoint === 'userinfo' ? userinfo(state, headers) : revoke(state, { headers, form })
  return { answer: bentAnswer(behaviour) ?? right }
}

/** The judge must know which answers never reached their caller: those may be lost, all others may not. */
function noteUndelivered(state: FakeState, response: ServerResponse, seq: number | undefined): void {
  if (seq === undefined) return
  response.once('close', () => {
    if (!response.writableFinished) state.ledger.add({ kind: 'undelivered', of: seq })
  })
}

function sendBent(response: ServerResponse, answer: Answer, { cut }: Behaviour): void {
  if (response.destroyed) return
  if (cut === 'no_answer') response.destroy()
  else if (cut === 'mid_answer') {
    response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
    response.write(answer.body.slice(0, answer.body.length / 2), () => response.destroy())
  } else writeAnswer(response, answer)
}
