import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Credence, CredenceError } from '@credence/sdk'

/** The product of a team that uses the platform: its own site, which knows who is signed in there. */
export interface Team {
  /** `http://127.0.0.1:port`: another site than the platform's `localhost`. */
  readonly url: string
  readonly returnUrl: string
  readonly reconnectUrl: string
  /** What came back by the return address, in order: the credential, or the code of the refusal. */
  readonly outcomes: { readonly session: string; readonly credential?: string; readonly refused?: string }[]
  serve(credence: Credence): void
  close(): Promise<void>
}

/** The cookie of the team's own sign-in. */
export const TEAM_COOKIE = 'team_user'

export async function startTeam(): Promise<Team> {
  const outcomes: Team['outcomes'] = []
  let credence: Credence | undefined
  const server = createServer((request, response) => {
    if (credence === undefined) return void response.writeHead(503).end()
    answer({ credence, outcomes, returnUrl }, request, response).catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const returnUrl = `${url}/connected`
  return {
    url,
    returnUrl,
    reconnectUrl: `${url}/reconnect`,
    outcomes,
    serve(given) {
      credence = given
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

type Site = Pick<Team, 'outcomes' | 'returnUrl'> & { readonly credence: Credence }

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://team.invalid')
  const user = new RegExp(`${TEAM_COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1] ?? ''
  const say = (heading: string): void =>
    void response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end(`<!doctype html><title>Team</title><h1>${heading}</h1>`)
  if (url.pathname === '/reconnect') {
    const link = await startAgain(site, { user, credentialId: url.searchParams.get('credential_id') ?? '' })
    return 'refused' in link ? say(`Refused: ${link.refused}`) : void response.writeHead(303, link).end()
  }
  if (url.pathname !== '/connected') return void response.writeHead(404).end()
  const id = url.searchParams.get('credence_session') ?? ''
  const outcome = await complete(site.credence, { id, code: url.searchParams.get('credence_code') ?? '', user })
  site.outcomes.push({ session: id, ...outcome })
  say('refused' in outcome ? `Refused: ${outcome.refused}` : `Connected: ${outcome.credential}`)
}

interface Refused {
  readonly refused: string
}

/** Starts a session for the user who is signed in; the platform decides whether the credential is his. */
async function startAgain(
  { credence, returnUrl }: Site,
  { user, credentialId }: { readonly user: string; readonly credentialId: string },
): Promise<{ readonly location: string } | Refused> {
  const order = { credentialId, returnUrl }
  return credence
    .forUser(user)
    .sessions.create(order)
    .then(({ link }) => ({ location: link }), refusal)
}

/** What the team's backend does with the code: it names the user whom it knows to be there. */
async function complete(
  credence: Credence,
  { id, code, user }: { readonly id: string; readonly code: string; readonly user: string },
): Promise<{ readonly credential: string } | Refused> {
  return credence.sessions.complete(id, { code, user }).then(({ credential }) => ({ credential: credential.id }), refusal)
}

function refusal(error: unknown): Refused {
  if (error instanceof CredenceError) return { refused: error.code }
  throw error
}
