import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { z } from 'zod'
import { requireScope } from '../connect/create-session.ts'
import type { Gateway } from '../gateway.ts'
import { callerOf } from '../http/caller.ts'
import { bodyBytes, keepBytes } from '../http/rest/body-bytes.ts'
import { answers, describedBody, type RestScope } from '../http/rest/route.ts'
import { intakeTree } from '../intake/intake.ts'
import { projectOf, type Services, userOf } from '../services.ts'
import { autoAuthenticate, type MintParts, type ServerResult } from './auto-authenticate.ts'
import { type IssueParts, issueWidgetToken } from './issue-token.ts'
import { MINT_BODY, type MintRequest, mintRequest } from './mint-request.ts'

const time = z.string().meta({ format: 'date-time' })
const result = z.object({
  server_name: z.string().describe('As it was sent'),
  status: z.enum(['authenticated', 'already_authenticated', 'failed']),
  authenticated_at: time.nullable(),
  detail: z.string().nullable().describe('Why it failed; never a value'),
})
const minted = z.object({
  token: z.string(),
  expires_at: time,
  auto_authenticate: z.object({ servers: z.array(result) }).optional(),
})

/** A thousand servers with long keys; whoever lists ten times as many is told so, which needs their list to be read. */
const MOST_BYTES = 8 * 1024 * 1024
const MOST_VALUES = 100_000

/**
 * `POST /widget/mint-token`, for backends: on the admin listener, which gives no other origin leave to read it. Who may not
 * mint is told so before the body is read.
 */
export function serveMintToken(app: RestScope, { flow, random, settings, log }: Gateway): void {
  const { services, addresses, clock } = flow
  const parts = { services, addresses, log, clock, random, publicUrl: settings.publicUrl }
  keepBytes(app, MOST_BYTES)
  app.addHook('onRequest', async (request) => requireScope(callerOf(request), 'mint'))
  const summary = 'Make a widget token, and authenticate its user at servers whose header values you know'
  app.post('/widget/mint-token', {
    ...describedBody({ tags: ['widget'], summary, body: MINT_BODY, response: answers(200, minted) }),
    handler: async (request) => {
      const body = bodyBytes(request)
      try {
        using tree = intakeTree(body.byteLength === 0 ? Buffer.from('{}') : body, { names: ['header_value'], maxNodes: MOST_VALUES })
        return answerOf(await mint(parts, callerOf(request), mintRequest(tree.value)))
      } finally {
        body.fill(0)
      }
    },
  })
}

/** A token, and what became of each server that was asked for. */
export interface Minted {
  readonly token: string
  readonly expiresAt: Date
  readonly servers?: readonly (ServerResult & { readonly serverName: string })[]
}

/** Partial failure still mints. Throws INVALID_REQUEST for origins that are not the project's, before anything is stored. */
export async function mint(
  parts: MintParts & IssueParts & { readonly services: Services },
  principal: Principal,
  wanted: MintRequest,
): Promise<Minted> {
  const { context, autoAuthenticate: auto } = wanted
  const origins = await originsFor(parts.services, principal, wanted.origins)
  const named = await mintedUser(parts.services, principal, wanted.userEmail)
  const user = named?.user ?? ''
  if (auto === undefined) return issueWidgetToken(parts, principal, { user, context, origins })
  const results = await autoAuthenticate(parts, { ...principal, user, userNames: named?.userNames ?? [] }, auto)
  const issued = await issueWidgetToken(parts, principal, { user, context, origins })
  return { ...issued, servers: results.map((one, i) => ({ serverName: auto.servers[i]?.serverName ?? '', ...one })) }
}

function answerOf({ token, expiresAt, servers }: Minted): z.output<typeof minted> {
  const answer = { token, expires_at: expiresAt.toISOString() }
  if (servers === undefined) return answer
  return {
    ...answer,
    auto_authenticate: {
      servers: servers.map(({ serverName, status, authenticatedAt, detail }) => ({
        server_name: serverName,
        status,
        authenticated_at: authenticatedAt?.toISOString() ?? null,
        detail: detail ?? null,
      })),
    },
  }
}

/**
 * The user whom the token is for, by e-mail address, by `Credence-User`, or by both, which joins the two names; made on first
 * mention. Undefined where nobody is named.
 */
async function mintedUser(services: Services, principal: Principal, email: string): Promise<Principal | undefined> {
  const named = principal.user === '' ? undefined : principal
  if (email === '') return named
  const address = `email:${email}`
  const entrance = { project: principal.project, via: 'mint' }
  return userOf(services, entrance, named === undefined ? [address] : [named.user, ...named.userNames, address])
}

/** The project's origins, or those of them that were asked for. */
async function originsFor(services: Services, { project }: Principal, wanted: readonly string[] | undefined): Promise<readonly string[]> {
  const { origins } = await projectOf(services, project)
  const foreign = (wanted ?? []).flatMap((origin, i) => (origins.includes(origin) ? [] : [i]))
  if (foreign.length > 0) {
    const detail = "Write one of the project's `origins`, letter by letter."
    throw new CodedError('INVALID_REQUEST', undefined, {
      faults: foreign.map((i) => ({ pointer: `/origins/${i}`, code: 'NOT_ALLOWED', detail })),
    })
  }
  return [...new Set(wanted ?? origins)]
}
