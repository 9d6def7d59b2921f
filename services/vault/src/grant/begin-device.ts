import { createHash } from 'node:crypto'
import { CodedError } from '@credence/errors'
import { fillHosts, fillUrl, type Recipe, type RecipeOAuth } from '@credence/provider'
import type { Principal } from '@credence/rpc'
import { span } from '@credence/service'
import { packFields } from '../credential/secret-fields.ts'
import { type BegunGrant, type DeviceCode, type GrantContext, type GrantOrder, grantBinding, refuseClosed } from './grant-context.ts'
import { scanJson } from './json-scan.ts'
import { safeCode } from './token-answer.ts'
import { postToken, unanswered } from './token-endpoint.ts'

export const DEVICE_CODE = 'device_code'
const DEADLINE_MS = 20_000
/** RFC 8628 §3.5. */
const DEFAULT_INTERVAL_MS = 5_000
/** As long as a session; what a server says beyond it nobody waits for. */
const MOST_LIFE_MS = 30 * 60_000
const MOST_TEXT = 2_000

export interface DeviceOrder extends GrantOrder {
  readonly recipe: Recipe
  readonly oauth: RecipeOAuth
  readonly deviceUri: string
}

/** Asks for a device code (RFC 8628 §3.1) and keeps it sealed. Throws TOKEN_ENDPOINT_REFUSED, TOKEN_ANSWER_UNUSABLE. */
export async function beginDevice(vault: GrantContext, principal: Principal, order: DeviceOrder): Promise<BegunGrant> {
  const { credentialId: credential, sessionId: session, redirectUri, plain, recipe, scopes } = order
  const { project } = principal
  await refuseClosed(vault, { credential, project })
  const asked = await askForCode(vault, principal, order)
  try {
    const until = new Date(vault.clock.now() + asked.lifeMs)
    const device = { intervalMs: asked.intervalMs, nextAt: new Date(vault.clock.now() + asked.intervalMs) }
    const id = createHash('sha256').update(vault.random.bytes(32)).digest('hex')
    const pending = { id, v: 1, project, credential, session, recipe: order.recipeId, plain, scopes, redirectUri, until, device }
    await vault.keys.holding(async () => {
      const packed = packFields(new Map([[DEVICE_CODE, asked.deviceCode]]))
      const { sealed, dataKey } = await vault.envelope.seal(packed, grantBinding(pending, recipe))
      dataKey[Symbol.dispose]()
      await vault.pendingGrants.insert({ ...pending, sealed, ...(order.capabilityId ? { capability: order.capabilityId } : {}) })
    })
    return { authorizeUrl: '', stateSha256: id, expiresAt: until, device: asked.shown }
  } finally {
    asked.deviceCode.fill(0)
  }
}

interface Asked {
  readonly deviceCode: Buffer
  readonly shown: DeviceCode
  readonly lifeMs: number
  readonly intervalMs: number
}

async function askForCode(vault: GrantContext, { project }: Principal, order: DeviceOrder): Promise<Asked> {
  const { recipe, oauth, plain, scopes, deviceUri, credentialId } = order
  using client = await vault.clients.open(oauth.clientId, project)
  const parameters = scopes.length === 0 ? [] : [{ name: 'scope', value: Buffer.from(scopes.join(oauth.scopeSeparator)) }]
  const url = fillUrl(recipe, deviceUri, plain)
  const hosts = fillHosts(recipe, plain).token
  const post = { project, url, hosts, parameters, client, style: { ...oauth, bodyFormat: 'form' as const }, deadlineMs: DEADLINE_MS }
  const result = await span('vault.token_request', { credential_id: credentialId }, () => postToken(vault.egress, post, vault.random))
  if (result.kind !== 'answered') throw unanswered(result)
  const { status, body } = result.raw
  try {
    return codeIn(status, body, client.secret)
  } finally {
    body.fill(0)
  }
}

const MEMBERS = [
  '/device_code',
  '/user_code',
  '/verification_uri',
  '/verification_url',
  '/verification_uri_complete',
  '/expires_in',
  '/interval',
]

function codeIn(status: number, body: Buffer, sent: Uint8Array): Asked {
  const found = scanJson(body, [...MEMBERS, '/error'])
  const text = (pointer: string): string => {
    const value = found?.get(pointer)
    if (value === undefined || value.kind === 'container') return ''
    return value.kind === 'string' ? value.bytes.toString('utf8').slice(0, MOST_TEXT) : value.text
  }
  if (text('/error') !== '') {
    const provider_error = safeCode(text('/error'), sent)
    throw new CodedError('TOKEN_ENDPOINT_REFUSED', `The provider gave no device code (${provider_error}).`, { facts: { provider_error } })
  }
  const device = found?.get('/device_code')
  // Servers of before the RFC write `url`.
  const verificationUri = shownUrl(text('/verification_uri') || text('/verification_url'))
  const userCode = text('/user_code').replace(/[^\x20-\x7e]/g, '')
  if (status >= 300 || device?.kind !== 'string' || device.bytes.byteLength === 0 || userCode === '' || verificationUri === '')
    throw new CodedError('TOKEN_ANSWER_UNUSABLE')
  const lifeMs = Number(text('/expires_in')) * 1000
  const intervalMs = Number(text('/interval')) * 1000
  return {
    deviceCode: device.bytes,
    shown: { userCode, verificationUri, verificationUriComplete: shownUrl(text('/verification_uri_complete')) },
    lifeMs: lifeMs > 0 && lifeMs < MOST_LIFE_MS ? lifeMs : MOST_LIFE_MS,
    intervalMs: intervalMs > 0 && intervalMs < MOST_LIFE_MS ? intervalMs : DEFAULT_INTERVAL_MS,
  }
}

/** People will be sent there: nothing but https, and no credentials in front of the host. */
function shownUrl(text: string): string {
  if (!URL.canParse(text)) return ''
  const url = new URL(text)
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url.href : ''
}
