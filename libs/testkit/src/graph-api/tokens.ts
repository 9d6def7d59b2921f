import { createHmac, timingSafeEqual } from 'node:crypto'
import { GraphError, INVALIDATIONS, refusedToken } from './graph-error.ts'
import { type GraphPage, type GraphPerson, type GraphToken, type GraphWorld, randomWord } from './world.ts'

/** "Access Token Guide": tokens are opaque and their length varies; in fact they begin with `EAA`. */
const PREFIX = 'EAA'
/** "Data access expiration" (Facebook Login): 90 days after the person was active last. */
const DATA_ACCESS_MS = 90 * 86_400_000

export interface Wanted {
  readonly type: GraphToken['type']
  readonly person: GraphPerson
  readonly scopes: readonly string[]
  readonly lifeS?: number
  readonly page?: GraphPage
}

export function issueToken(world: GraphWorld, wanted: Wanted): GraphToken {
  const { lifeS, ...facts } = wanted
  const issuedAt = world.clock.now()
  const token: GraphToken = {
    ...facts,
    value: `${PREFIX}${randomWord(world, 100)}`,
    issuedAt,
    dataAccessExpiresAt: issuedAt + DATA_ACCESS_MS,
    ...(lifeS === undefined ? {} : { expiresAt: issuedAt + lifeS * 1000 }),
  }
  world.tokens.set(token.value, token)
  return token
}

/** The token that stands for the person's right to a Page; asked for again it is the same one while it is in force. */
export function pageToken(world: GraphWorld, by: GraphToken, page: GraphPage): GraphToken {
  const known = [...world.tokens.values()].find((token) => token.page === page && token.person === by.person && token.invalid === undefined)
  // "Long-lived Page access tokens do not have an expiration date" (Access Tokens, Pages API): only one from a short-lived token ends.
  const short = by.expiresAt !== undefined && by.expiresAt - by.issuedAt <= world.shortLivedS * 1000
  if (known !== undefined && short === (known.expiresAt !== undefined)) return known
  return issueToken(world, {
    type: 'PAGE',
    person: by.person,
    page,
    scopes: by.scopes,
    ...(short ? { lifeS: world.shortLivedS } : {}),
  })
}

/** "App access tokens": `{app-id}|{app-secret}` where a token is expected. */
export function isAppToken(world: GraphWorld, value: string): boolean {
  return value === `${world.app.appId}|${world.app.appSecret}`
}

/** Throws the error that a token of that state gets. */
export function tokenInForce(world: GraphWorld, value: string | undefined): GraphToken {
  if (value === undefined || value === '') {
    throw new GraphError('An active access token must be used to query information about the current user.', { code: 2500 })
  }
  const token = world.tokens.get(value)
  if (token === undefined) throw refusedToken(undefined)
  const invalid = invalidationOf(world, token)
  if (invalid !== undefined) throw refusedToken(invalid)
  return token
}

export function invalidationOf(world: GraphWorld, token: GraphToken): GraphToken['invalid'] {
  if (token.invalid !== undefined) return token.invalid
  return token.expiresAt !== undefined && token.expiresAt <= world.clock.now() ? INVALIDATIONS.expired : undefined
}

/**
 * "Securing Graph API Requests": `appsecret_proof` is the hex HMAC-SHA256 of the access token under the app secret; with
 * "Require App Secret" a call without it is refused, and a wrong one always.
 */
export function checkProof(world: GraphWorld, token: string, proof: string | undefined): void {
  if (proof === undefined || proof === '') {
    if (world.requireProof)
      throw new GraphError('API calls from the server require an appsecret_proof argument', { type: 'GraphMethodException', code: 100 })
    return
  }
  const right = createHmac('sha256', world.app.appSecret).update(token).digest('hex')
  if (proof.length === right.length && timingSafeEqual(Buffer.from(proof), Buffer.from(right))) return
  throw new GraphError('Invalid appsecret_proof provided in the API argument', { type: 'GraphMethodException', code: 100 })
}
