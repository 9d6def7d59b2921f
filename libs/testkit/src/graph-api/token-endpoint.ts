import { createHash } from 'node:crypto'
import { type Answer, jsonAnswer } from '../exchange.ts'
import { GraphError, refusedToken } from './graph-error.ts'
import { invalidationOf, issueToken } from './tokens.ts'
import type { GraphCode, GraphWorld } from './world.ts'

/**
 * `/oauth/access_token`, by GET or POST. "Manually Build a Login Flow" (exchanging code for an access token), "Long-Lived
 * Access Tokens" (`fb_exchange_token`; an expired token cannot be exchanged) and, for system user tokens, "Install Apps,
 * Generate, Refresh and Revoke Access Tokens" (`set_token_expires_in_60_days`).
 */
export function tokenEndpoint(world: GraphWorld, parameters: URLSearchParams): Answer {
  const { app } = world
  if (parameters.get('client_id') !== app.appId) {
    throw new GraphError('Error validating application. Cannot get application info due to a system error.', { code: 101 })
  }
  if (parameters.get('client_secret') !== app.appSecret) throw new GraphError('Error validating client secret.', { code: 1 })
  switch (parameters.get('grant_type')) {
    case 'fb_exchange_token':
      return exchanged(world, parameters)
    case 'client_credentials':
      return jsonAnswer(200, { access_token: `${app.appId}|${app.appSecret}`, token_type: 'bearer' })
    case null:
    case 'authorization_code':
      return redeemed(world, parameters)
    default:
      throw new GraphError('Invalid grant_type', { code: 100 })
  }
}

function redeemed(world: GraphWorld, parameters: URLSearchParams): Answer {
  const code = codeOf(world, parameters)
  code.used = true
  const config = world.app.configs[code.configId]
  const isSystem = config?.tokenType === 'system_user'
  const lifeS = isSystem ? world.longLivedS : world.shortLivedS
  const type = isSystem ? 'SYSTEM_USER' : 'USER'
  return tokenAnswer(issueToken(world, { type, person: code.person, scopes: config?.scopes ?? [], lifeS }).value, lifeS)
}

/** Each code once, for the address it was made for, within its time ("Embedded Signup, Implementation": 30 seconds). */
function codeOf(world: GraphWorld, parameters: URLSearchParams): GraphCode {
  const code = world.codes.get(parameters.get('code') ?? '')
  if (code === undefined) throw new GraphError('Invalid verification code format.', { code: 100 })
  if (code.used) throw new GraphError('This authorization code has been used.', { code: 100, subcode: 36009 })
  if (code.expiresAt <= world.clock.now()) throw new GraphError('This authorization code has expired.', { code: 100, subcode: 36007 })
  if (parameters.get('redirect_uri') !== code.redirectUri) {
    const message =
      'Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request'
    throw new GraphError(message, { code: 100, subcode: 36008 })
  }
  const verifier = parameters.get('code_verifier') ?? ''
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  if (code.challenge !== undefined && code.challenge !== challenge) throw new GraphError('Invalid code_verifier parameter', { code: 100 })
  return code
}

function exchanged(world: GraphWorld, parameters: URLSearchParams): Answer {
  const token = world.tokens.get(parameters.get('fb_exchange_token') ?? '')
  if (token === undefined) throw refusedToken(undefined)
  const invalid = invalidationOf(world, token)
  if (invalid !== undefined) throw refusedToken(invalid)
  if (token.type === 'PAGE') throw new GraphError('A page token cannot be exchanged.', { code: 100 })
  const { type, person, scopes } = token
  const lifeS = type === 'SYSTEM_USER' && parameters.get('set_token_expires_in_60_days') !== 'true' ? undefined : world.longLivedS
  const fresh = issueToken(world, { type, person, scopes, ...(lifeS === undefined ? {} : { lifeS }) })
  return tokenAnswer(fresh.value, lifeS)
}

function tokenAnswer(access_token: string, expires_in: number | undefined): Answer {
  return jsonAnswer(200, { access_token, token_type: 'bearer', ...(expires_in === undefined ? {} : { expires_in }) })
}
