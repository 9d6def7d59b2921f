import { callAs } from '@credence/rpc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, connected, type Person, Platform, PUBLIC_URL, provider, SESSION } from './platform.ts'

let platform: Platform
let ann: Person
let bearer: string

beforeAll(async () => {
  platform = await Platform.start()
  ann = await platform.person('id:ann')
  bearer = await provider(platform)
})
afterAll(() => platform.stop())

describe('a first connect', () => {
  test('[S2-3] leaves a credential invisible until its secret is confirmed, then active', async () => {
    const { gateway, principal } = ann
    const { credentialId, family, reconnect } = await gateway.reserve({ providerId: bearer }, callAs(principal))
    expect([family, reconnect]).toEqual(['bearer', false])
    expect(await codeOf(gateway.get({ credentialId }, callAs(principal)))).toBe('NOT_FOUND')
    const candidateId = platform.vault.seal(credentialId, platform.project)
    const { credential } = await gateway.connect({ credentialId, candidateId, sessionId: SESSION, verified: true }, callAs(principal))
    expect(credential).toMatchObject({ id: credentialId, status: 'active', health: 'ok', level: 'user', label: 'My Bearer Token Provider' })
    expect(credential?.reconnectUrl).toBe(`${PUBLIC_URL}/r/${credentialId}`)
    expect(platform.vault.fence(credentialId)).toMatchObject({ state: 'active', owner: { user: principal.user, names: ['id:ann'] } })
  })
})
