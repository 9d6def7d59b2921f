import { foldUserName } from '@credence/credential'
import { CodedError, type Fault } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { z } from 'zod'
import { requireScope } from '../connect/create-session.ts'
import type { Gateway } from '../gateway.ts'
import { callerOf } from '../http/caller.ts'
import { bodyBytes, keepBytes } from '../http/rest/body-bytes.ts'
import { answers, describedBody, parsed, type RestScope } from '../http/rest/route.ts'
import { intakeJson } from '../intake/intake.ts'
import { projectOf, type Services, userOf } from '../services.ts'
import { issueWidgetToken } from './issue-token.ts'

const name = z.string().min(1).max(200).optional()
const mint = z.strictObject({
  user_email: z.string().nullish().describe('The signed-in user of your product; created on first mention. Absent: a guest'),
  context: z.strictObject({ agent: name, channel: name }).optional().describe('Where the widget stands; it comes back as a claim'),
  origins: z.array(z.string().max(2000)).min(1).max(100).optional().describe("A part of the project's `origins`; absent: all of them"),
})
const minted = z.object({ token: z.string(), expires_at: z.string().meta({ format: 'date-time' }) })

/**
 * `POST /widget/mint-token`, for backends: on the admin listener, which gives no other origin leave to read it. Who may not
 * mint is told so before the body is read.
 */
export function serveMintToken(app: RestScope, { flow, random, settings }: Gateway): void {
  const parts = { services: flow.services, clock: flow.clock, random, publicUrl: settings.publicUrl }
  keepBytes(app)
  app.addHook('onRequest', async (request) => requireScope(callerOf(request), 'mint'))
  app.post('/widget/mint-token', {
    ...describedBody({ tags: ['widget'], summary: 'Make a widget token', body: mint, response: answers(200, minted) }),
    handler: async (request) => {
      const body = bodyBytes(request)
      try {
        using intake = intakeJson(body.byteLength === 0 ? Buffer.from('{}') : body, {})
        const wanted = parsed(mint, intake.beside)
        const principal = callerOf(request)
        const origins = await originsFor(flow.services, principal, wanted.origins)
        const user = await mintedUser(flow.services, principal, wanted.user_email ?? '')
        const { token, expiresAt } = await issueWidgetToken(parts, principal, { user: user?.user ?? '', context: wanted.context, origins })
        return { token, expires_at: expiresAt.toISOString() }
      } finally {
        body.fill(0)
      }
    },
  })
}

/**
 * The user whom the token is for, by e-mail address, by `Credence-User`, or by both, which joins the two names; made on first
 * mention. Undefined where nobody is named. Throws INVALID_REQUEST for what is no address.
 */
export async function mintedUser(services: Services, principal: Principal, email: string): Promise<Principal | undefined> {
  const named = principal.user === '' ? undefined : principal
  if (email.trim() === '') return named
  const address = foldUserName(`email:${email}`)
  if (address === undefined) throw faulty([{ pointer: '/user_email', code: 'INVALID_FORMAT', detail: 'Write one e-mail address.' }])
  const entrance = { project: principal.project, via: 'mint' }
  return userOf(services, entrance, named === undefined ? [address] : [named.user, ...named.userNames, address])
}

/** The project's origins, or those of them that were asked for. */
async function originsFor(services: Services, { project }: Principal, wanted: readonly string[] | undefined): Promise<readonly string[]> {
  const { origins } = await projectOf(services, project)
  const foreign = (wanted ?? []).flatMap((origin, i) => (origins.includes(origin) ? [] : [i]))
  if (foreign.length > 0) {
    const detail = "Write one of the project's `origins`, letter by letter."
    throw faulty(foreign.map((i) => ({ pointer: `/origins/${i}`, code: 'NOT_ALLOWED', detail })))
  }
  return [...new Set(wanted ?? origins)]
}

function faulty(faults: readonly Fault[]): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}
