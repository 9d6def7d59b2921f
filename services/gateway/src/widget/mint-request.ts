import { foldUserName } from '@credence/credential'
import { CodedError, type Fault, isCoded } from '@credence/errors'
import { Secret } from '@credence/secret'
import { z } from 'zod'
import { parsed } from '../http/rest/route.ts'
import type { AutoAuthentication } from './auto-authenticate.ts'
import type { WidgetContext } from './issue-token.ts'

/** What a mint asks for; the values of headers are secrets. */
export interface MintRequest {
  /** Empty: a guest. */
  readonly userEmail: string
  readonly context?: WidgetContext | undefined
  readonly origins?: readonly string[] | undefined
  readonly autoAuthenticate?: AutoAuthentication
}

const MOST_SERVERS = 1000
const MOST_HEADERS = 100

const name = z.string().min(1).max(200).optional()
const others = {
  user_email: z.string().nullish().describe('The signed-in user of your product; created on first mention. Absent: a guest'),
  context: z.object({ agent: name, channel: name }).optional().describe('Where the widget stands; it comes back as a claim'),
  origins: z.array(z.string().max(2000)).min(1).max(100).optional().describe("A part of the project's `origins`; absent: all of them"),
}
const serversOf = (value: z.ZodType) =>
  z
    .array(
      z.object({
        server_name: z.string().describe("The server's display name, in any case"),
        headers: z
          .array(z.object({ header_name: z.string(), header_value: value }))
          .min(1)
          .max(MOST_HEADERS),
      }),
    )
    .min(1)
    .max(MOST_SERVERS)
const autoOf = (value: z.ZodType) =>
  z
    .object({
      force: z.boolean().optional().describe('Replace what is there; false unless given'),
      servers: serversOf(value),
    })
    .nullish()

/**
 * As the API's document shows it. Members of other names are left alone: the body is that of a call which backends make
 * already, and may say more than is read here.
 */
export const MINT_BODY: z.ZodType = z.object({
  ...others,
  auto_authenticate: autoOf(z.string().describe('The raw value, without the configured prefix')).describe(
    'Stores credentials of the user for servers that are authenticated by headers, before the widget starts',
  ),
})

const request = z.object({
  ...others,
  auto_authenticate: autoOf(z.instanceof(Secret, { error: 'Write the value as a text in quotation marks.' })),
})

/** Of the troubleshooting table, word by word. */
const EMAIL_REQUIRED = 'user_email is required'

/** Reads what `intakeTree` gave. Throws INVALID_REQUEST with every fault at once; nothing is stored before. */
export function mintRequest(value: unknown): MintRequest {
  const faults = [...emailFaults(value), ...misspelled(value, MEMBERS)]
  const detail = faults.some((fault) => fault.detail === EMAIL_REQUIRED) ? EMAIL_REQUIRED : undefined
  try {
    const { user_email, context, origins, auto_authenticate: auto } = parsed(request, value)
    if (faults.length > 0) throw new CodedError('INVALID_REQUEST', detail, { faults })
    const userEmail = (user_email ?? '').trim()
    if (!auto) return { userEmail, context, origins }
    const servers = auto.servers.map(({ server_name: serverName, headers }) => ({
      serverName,
      headers: headers.map((header) => ({ name: header.header_name, value: header.header_value as Secret })),
    }))
    return { userEmail, context, origins, autoAuthenticate: { userEmail, force: auto.force ?? false, servers } }
  } catch (error) {
    if (!isCoded(error, 'INVALID_REQUEST')) throw error
    const others = (error.details.faults ?? []).filter(({ pointer }) => !faults.some((fault) => fault.pointer === pointer))
    throw new CodedError('INVALID_REQUEST', detail, { faults: [...faults, ...others] })
  }
}

/** What a schema cannot say of the address: needed with `auto_authenticate`, and one wherever it is given. */
function emailFaults(value: unknown): Fault[] {
  const { user_email: email, auto_authenticate: auto } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const pointer = '/user_email'
  if (email === undefined || email === null || (typeof email === 'string' && email.trim() === ''))
    return auto === undefined || auto === null ? [] : [{ pointer, code: 'MISSING', detail: EMAIL_REQUIRED }]
  if (typeof email !== 'string' || foldUserName(`email:${email}`) !== undefined) return []
  return [{ pointer, code: 'INVALID_FORMAT', detail: 'Write one e-mail address.' }]
}

interface Members {
  readonly [name: string]: Members
}

const MEMBERS: Members = {
  user_email: {},
  context: { agent: {}, channel: {} },
  origins: {},
  auto_authenticate: { force: {}, servers: { server_name: {}, headers: { header_name: {}, header_value: {} } } },
}

/** A name that differs by case, `-` and `_` alone was meant: `userEmail` left alone would make a token of a guest. */
function misspelled(value: unknown, members: Members, at = ''): Fault[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => misspelled(item, members, `${at}/${i}`))
  const known = Object.keys(members)
  if (typeof value !== 'object' || value === null || known.length === 0) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const inside = Object.hasOwn(members, name) ? members[name] : undefined
    if (inside !== undefined) return misspelled(member, inside, `${at}/${name}`)
    const meant = known.find((one) => folded(one) === folded(name))
    return meant === undefined ? [] : [{ pointer: `${at}/${name}`, code: 'UNKNOWN_MEMBER', detail: `Write \`${meant}\`.` }]
  })
}

function folded(name: string): string {
  return name.slice(0, 64).toLowerCase().replaceAll(/[-_]/g, '')
}
