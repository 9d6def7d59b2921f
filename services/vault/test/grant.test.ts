import { createHash } from 'node:crypto'
import { callAs } from '@credence/rpc'
import type { Collection, Doc, Stored } from '@credence/store'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  begun,
  completed,
  connected,
  consented,
  granted,
  newClient,
  newCredential,
  promoted,
  putRecipe,
  recipeWith,
  seedRecipe,
  setAccess,
} from './connecting.ts'
import { type GrantWorld, startGrantWorld } from './grants.ts'
import { codeOf } from './harness.ts'
import { call } from './outside.ts'

let world: GrantWorld

beforeAll(async () => {
  world = await startGrantWorld('strict')
})
afterAll(() => world.close())
beforeEach(() => {
  world.outside.as.behave({})
  world.outside.as.behave({ endpoint: 'authorize' })
})

const redeemed = (): number => world.outside.as.ledger().filter(({ grantType }) => grantType === 'authorization_code').length
const begin = (options = {}): ReturnType<typeof begun> => begun(world.harness, { recipe: world.recipe(), ...options })
async function back(options = {}): Promise<URLSearchParams> {
  return consented(world.outside.as, (await begin(options)).authorizeUrl)
}

describe('BeginGrant', () => {
  test('[S1-7] [B-14] asks for the required scopes always, with PKCE S256 and a state of 256 bits', async () => {
    const { authorizeUrl, stateSha256 } = await begin({ scopes: [] })
    const { searchParams, origin, pathname } = new URL(authorizeUrl)
    expect(`${origin}${pathname}`).toBe('https://auth.example.com/authorize')
    expect(searchParams.get('scope')).toBe('read')
    expect(searchParams.get('response_type')).toBe('code')
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    expect(searchParams.get('state')).toMatch(/^[\w-]{43}$/)
    expect(stateSha256).toBe(
      createHash('sha256')
        .update(searchParams.get('state') ?? '')
        .digest('hex'),
    )
  })

  test('[B-14] no parameter of the provider’s payload can take PKCE or the state away', async () => {
    const recipe = world.recipe()
    const evil = {
      ...recipe,
      oauth: { ...recipe.oauth!, authorizeParams: { code_challenge_method: 'plain', state: 'x', prompt: 'consent' } },
    }
    const { searchParams } = new URL((await begin({ recipe: evil })).authorizeUrl)
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('state')).not.toBe('x')
    expect(searchParams.get('prompt')).toBe('consent')
  })

  test('refuses scopes that the provider does not list, by their place', async () => {
    const error = await begin({ scopes: ['write', 'admin'] }).catch((thrown: { details: { faults: unknown } }) => thrown)
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', details: { faults: [{ pointer: '/scopes/1', code: 'unknown_scope' }] } })
  })

  test('[S1-13] says so when nobody registered a client, and keeps another project’s client to itself', async () => {
    const recipe = { ...world.recipe(), oauth: { ...world.recipe().oauth!, clientId: newClient() } }
    expect(await codeOf(begin({ recipe }))).toBe('CLIENT_MISSING')
    const registering = world.harness
      .as('gateway')
      .registerClient(
        { clientId: world.clientId, oauthClientId: 'thief', clientSecret: Buffer.from('x') },
        callAs(world.harness.person(`proj_${'4'.repeat(26)}`)),
      )
    expect(await codeOf(registering)).toBe('NOT_FOUND')
    expect(await codeOf(begin())).toBe('no error')
  })
})

describe('CompleteGrant', () => {
  test('[S0-5] [S2-7] redeems the code once and seals the tokens: nothing but the vault sees one', async () => {
    const credentialId = newCredential()
    const answer = await completed(world.harness, await back({ credentialId }))
    expect(answer).toMatchObject({ credentialId, hasRefreshToken: true, scopes: ['read', 'write'] })
    expect(JSON.stringify(answer)).not.toMatch(/[ar]t_/)
    await promoted(world.harness, { credentialId, candidateId: answer.candidateId })
    expect((await call(world.harness.vault, credentialId, '/x', { key: world.key })).status).toBe(200)
  })

  test('[S1-1] Asana’s payload signs in at its own endpoints and calls with the access token', async () => {
    const { harness, outside } = world
    outside.api.accept(() => true)
    const recipe = seedRecipe('asana', world.clientId)
    const { authorizeUrl } = await begun(harness, { recipe, scopes: [] })
    expect(authorizeUrl.startsWith('https://app.asana.com/-/oauth_authorize?')).toBe(true)
    expect(new URL(authorizeUrl).searchParams.get('scope')).toBe('profile email')
    outside.api.accept(({ token }) => token !== undefined && outside.as.accountOf(token) !== undefined)
  })

  test('[B-8] a state is good once: of ten parallel answers one is redeemed', async () => {
    const answer = await back()
    const before = redeemed()
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(completed(world.harness, answer))))
    expect(codes.filter((code) => code === 'no error')).toHaveLength(1)
    expect(codes.filter((code) => code === 'STATE_REFUSED')).toHaveLength(9)
    expect(redeemed() - before).toBe(1)
  })

  test('[B-8] a forged state, another session and another project redeem nothing', async () => {
    const before = redeemed()
    const forged = await back()
    forged.set('state', 'x'.repeat(43))
    expect(await codeOf(completed(world.harness, forged))).toBe('STATE_REFUSED')
    expect(await codeOf(completed(world.harness, await back(), `sess_${'9'.repeat(26)}`))).toBe('STATE_REFUSED')
    const mine = await back()
    const answer = { sessionId: `sess_${'0'.repeat(26)}`, state: mine.get('state')!, code: mine.get('code')!, iss: '' }
    const foreign = world.harness.as('gateway').completeGrant(answer, callAs(world.harness.person(`proj_${'4'.repeat(26)}`)))
    expect(await codeOf(foreign)).toBe('STATE_REFUSED')
    expect(redeemed()).toBe(before)
  })

  test('[B-8] after ten minutes the sign-in is over', async () => {
    const answer = await back()
    const before = redeemed()
    world.harness.clock.jumpWall(10 * 60_000)
    expect(await codeOf(completed(world.harness, answer))).toBe('SESSION_EXPIRED')
    expect(redeemed()).toBe(before)
  })

  test('[B-14] an answer of another issuer, or of none where the provider names its own, is refused before the code leaves', async () => {
    const recipe = { ...world.recipe(), oauth: { ...world.recipe().oauth!, issuer: 'https://auth.example.com' } }
    const before = redeemed()
    for (const iss of ['', 'https://evil.example', 'https://auth.example.com/', 'HTTPS://auth.example.com']) {
      world.outside.as.behave({ endpoint: 'authorize', iss: iss === '' ? '' : iss })
      const answer = await back({ recipe })
      if (iss === '') answer.delete('iss')
      expect(await codeOf(completed(world.harness, answer)), iss).toBe('ISSUER_MISMATCH')
    }
    expect(redeemed()).toBe(before)
    world.outside.as.behave({ endpoint: 'authorize' })
    expect(await codeOf(completed(world.harness, await back({ recipe })))).toBe('no error')
  })

  test('[S1-7] a grant without a required scope is not stored, and the error names it', async () => {
    world.outside.as.behave({ scope: 'write' })
    const error = await completed(world.harness, await back()).catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'SCOPE_MISSING', message: expect.stringContaining('read') })
  })

  test.each([
    [{ answer: 'html' }, 'TOKEN_ANSWER_UNUSABLE'],
    [{ answer: 'ok_false', error: 'bad_code' }, 'TOKEN_ENDPOINT_REFUSED'],
    [{ answer: 'oauth_error', error: 'invalid_grant' }, 'TOKEN_ENDPOINT_REFUSED'],
    [{ answer: 'server_error', status: 500 }, 'TOKEN_ENDPOINT_REFUSED'],
    [{ cut: 'no_answer' }, 'UPSTREAM_TIMEOUT'],
    [{ cut: 'unprocessed' }, 'UPSTREAM_TIMEOUT'],
  ] as const)('a token endpoint that answers %j stores nothing: %s', async (behaviour, code) => {
    const credentialId = newCredential()
    const answer = await back({ credentialId })
    world.outside.as.behave({ ...behaviour, times: 1 })
    expect(await codeOf(completed(world.harness, answer))).toBe(code)
    const { tokens } = await world.harness
      .as('token-refresher')
      .listTokens({ credentialIds: [credentialId] }, callAs(world.harness.order('token-refresher')))
    expect(tokens).toEqual([])
  })

  test('without expires_in and without a refresh token it is a grant all the same', async () => {
    world.outside.as.behave({ omit: ['expires_in', 'refresh_token'], times: 1 })
    const answer = await completed(world.harness, await back())
    expect([answer.hasRefreshToken, answer.expiresAt]).toEqual([false, undefined])
    await promoted(world.harness, answer)
    expect(await world.refresh(answer.credentialId)).toMatchObject({ outcome: 'no_refresh_token' })
  })

  test('a credential that was disabled while the person was away redeems nothing', async () => {
    const credentialId = await connected(world.harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
    const answer = await back({ credentialId })
    const before = redeemed()
    await setAccess(world.harness, credentialId, { generation: 2, state: 'disabled' })
    expect(await codeOf(completed(world.harness, answer))).toBe('CREDENTIAL_DISABLED')
    expect(await codeOf(begin({ credentialId }))).toBe('CREDENTIAL_DISABLED')
    expect(redeemed()).toBe(before)
  })

  test('[B-7] a sign-in row whose recipe a storage writer swapped sends neither code nor client secret', async () => {
    const answer = await back()
    const evil = recipeWith(
      {
        type: 'OAUTH',
        fields: [],
        oauth_config: { authorize_uri: 'https://auth.example.com/authorize', token_uri: 'https://acme.freshdesk.com/token' },
      },
      {},
      world.clientId,
    )
    const recipe = await putRecipe(world.harness, evil)
    const grants = await world.harness.store.collection<Doc & { recipe: string }>({ name: 'vault_grants', indexes: [] })
    const id = createHash('sha256').update(answer.get('state')!).digest('hex')
    const row = await rowOf(grants, id)
    await grants.replace({ ...row, recipe }, row.rev)
    const before = world.outside.api.requests.length
    expect(await codeOf(completed(world.harness, answer))).toBe('CREDENTIAL_QUARANTINED')
    expect(world.outside.api.requests.length).toBe(before)
  })

  test('[S2-9] a reconnect gives the same credential a new grant, and the old one’s refresh does not touch it', async () => {
    const credentialId = await granted(world.harness, world.outside.as, { recipe: world.recipe() })
    world.outside.as.behave({ hold: true, times: 1 })
    const refreshing = world.refresh(credentialId)
    await expect.poll(() => world.outside.as.held()).toBe(1)
    const again = await completed(world.harness, await back({ credentialId }))
    expect(await promoted(world.harness, again, { generation: 2 })).toBe(2)
    world.outside.as.release()
    expect((await refreshing).outcome).toBe('moved')
    expect(await world.refresh(credentialId, 2)).toMatchObject({ outcome: 'refreshed', version: 3 })
    expect((await call(world.harness.vault, credentialId, '/x', { key: world.key })).status).toBe(200)
  })
})

async function rowOf<D extends Doc>(collection: Collection<D>, id: string): Promise<Stored<D>> {
  const row = await collection.get(id)
  if (row === undefined) throw new TypeError(`there is no row ${id}`)
  return row
}
