import { type Answer, jsonAnswer } from '../exchange.ts'
import { GraphError, INVALIDATIONS, missingNode, missingPermission } from './graph-error.ts'
import { invalidationOf, isAppToken, pageToken } from './tokens.ts'
import type { GraphPage, GraphToken, GraphWorld } from './world.ts'

/** A call of a node with the token that it came with. */
export interface NodeCall {
  readonly token: GraphToken
  readonly query: URLSearchParams
}

/**
 * "Debugging and Error Handling: debug_token" and "Manage WhatsApp Business accounts": `granular_scopes` names the ids that each
 * permission was given for. The caller is the app, or a person of the app; an invalid token is described, not refused.
 */
export function debugToken(world: GraphWorld, caller: string, query: URLSearchParams): Answer {
  const input = query.get('input_token') ?? ''
  if (!isAppToken(world, caller) && world.tokens.get(caller) === undefined) throw missingPermission('You must provide an app access token.')
  const token = world.tokens.get(input)
  const { appId: app_id, name: application } = world.app
  if (token === undefined) {
    const error = { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' }
    return jsonAnswer(200, { data: { error, is_valid: false, scopes: [] } })
  }
  const invalid = invalidationOf(world, token)
  const seconds = (ms: number | undefined): number => (ms === undefined ? 0 : Math.floor(ms / 1000))
  const data = {
    app_id,
    type: token.type,
    application,
    data_access_expires_at: seconds(token.dataAccessExpiresAt),
    expires_at: seconds(token.expiresAt),
    is_valid: invalid === undefined,
    issued_at: seconds(token.issuedAt),
    scopes: token.scopes,
    granular_scopes: token.scopes.map((scope) => ({ scope, ...targetsOf(token, scope) })),
    user_id: token.person.id,
    ...(token.page === undefined ? {} : { profile_id: token.page.id }),
    ...(invalid === undefined ? {} : { error: { code: 190, subcode: invalid.subcode, message: invalid.message } }),
  }
  return jsonAnswer(200, { data })
}

function targetsOf({ person }: GraphToken, scope: string): { readonly target_ids?: readonly string[] } {
  if (scope.startsWith('whatsapp_')) return { target_ids: person.whatsappAccounts.map(({ id }) => id) }
  if (scope.startsWith('instagram_')) return { target_ids: person.pages.flatMap(({ instagram }) => instagram?.id ?? []) }
  return scope.startsWith('pages_') ? { target_ids: person.pages.map(({ id }) => id) } : {}
}

/** `GET /me`: the person, or for a Page token the Page. */
export function me({ token }: NodeCall): Answer {
  const { id, name } = token.page ?? token.person
  return jsonAnswer(200, { id, name })
}

/** "User Accounts" (`/me/accounts`): the Pages of the person, with their tokens when `fields` asks for them; cursor paged. */
export function accounts(world: GraphWorld, { token, query }: NodeCall): Answer {
  if (token.page !== undefined)
    throw new GraphError('(#100) Tried accessing nonexisting field (accounts) on node type (Page)', { code: 100 })
  if (!token.scopes.includes('pages_show_list')) throw missingPermission('Requires pages_show_list permission')
  const limit = Number(query.get('limit') ?? 25)
  const all = token.person.pages
  const from = query.get('after') === null ? 0 : all.findIndex(({ id }) => id === query.get('after')) + 1
  const page = all.slice(from, from + limit)
  const data = page.map((one) => pageFields(world, token, { page: one, fields: query.get('fields') ?? 'id,name' }))
  const last = page.at(-1)
  const goesOn = last !== undefined && from + limit < all.length
  const paging =
    last === undefined
      ? {}
      : { paging: { cursors: { before: page[0]?.id, after: last.id }, ...(goesOn ? { next: 'https://graph.facebook.com/next' } : {}) } }
  return jsonAnswer(200, { data, ...paging })
}

/** "Page" (`access_token`, `instagram_business_account`): only the fields that were asked for, and `id` always. */
function pageFields(world: GraphWorld, token: GraphToken, wanted: { page: GraphPage; fields: string }): object {
  const { page, fields } = wanted
  const asked = fields.split(/,(?![^{]*\})/)
  const has = (name: string): boolean => asked.some((field) => field === name || field.startsWith(`${name}{`))
  const { instagram } = page
  return {
    id: page.id,
    ...(has('name') ? { name: page.name } : {}),
    ...(has('access_token') ? { access_token: pageToken(world, token, page).value } : {}),
    ...(has('instagram_business_account') && instagram !== undefined ? { instagram_business_account: { ...instagram } } : {}),
  }
}

/** "Get a single Page": with its token for whoever may manage it. */
export function pageNode(world: GraphWorld, call: NodeCall, page: GraphPage): Answer {
  if (!call.token.person.pages.includes(page)) throw missingNode(page.id)
  return jsonAnswer(200, pageFields(world, call.token, { page, fields: call.query.get('fields') ?? 'id,name' }))
}

/** "Business phone numbers": `GET /{waba-id}/phone_numbers` needs `whatsapp_business_management` for this very account. */
export function phoneNumbers({ token }: NodeCall, accountId: string): Answer {
  const account = token.person.whatsappAccounts.find(({ id }) => id === accountId)
  if (account === undefined) throw missingNode(accountId)
  if (!token.scopes.includes('whatsapp_business_management')) throw missingPermission('You do not have the necessary permissions')
  const data = account.numbers.map(({ id, display, verifiedName }) => ({
    verified_name: verifiedName,
    display_phone_number: display,
    id,
    quality_rating: 'GREEN',
    code_verification_status: 'VERIFIED',
  }))
  return jsonAnswer(200, { data, paging: { cursors: { before: 'b', after: 'a' } } })
}

/** "Permissions, revoking": `DELETE /{user-id}/permissions` takes the app out of the account; its tokens are refused from then on. */
export function removeApp(world: GraphWorld, { token }: NodeCall): Answer {
  for (const other of world.tokens.values()) if (other.person === token.person) other.invalid = INVALIDATIONS.appRemoved
  return jsonAnswer(200, { success: true })
}
