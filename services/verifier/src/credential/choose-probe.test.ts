import { catalogEntries } from '@credence/catalog'
import { describe, expect, test } from 'vitest'
import { chooseProbe } from './choose-probe.ts'

const payload = (extra: object, pattern: object): Uint8Array =>
  Buffer.from(
    JSON.stringify({ display_name: 'X', proxy_url: 'https://api.x.example', proxy_enabled: true, auth_patterns: [pattern], ...extra }),
  )
const bearer = { type: 'BEARER', fields: [{ field_name: 'token', required: true }] }
const oauth = {
  type: 'OAUTH',
  oauth_config: { authorize_uri: 'https://x.example/a', token_uri: 'https://x.example/t', user_info_uri: 'https://x.example/me' },
}

describe('chooseProbe', () => {
  test('[B-2] a declared verify is taken as it is', () => {
    const call = chooseProbe(payload({ verify: { path: '/v1/me', expect: [200, 204], account_name: '/login' } }, bearer), 0)
    expect(call).toMatchObject({ method: 'GET', url: '/v1/me', expect: [200, 204], accountNamePointers: ['/login'] })
  })

  test('[B-2] the user-info endpoint serves where none is declared, and is searched for who it is', () => {
    const call = chooseProbe(payload({}, oauth), 0)
    expect(call).toMatchObject({ method: 'GET', url: 'https://x.example/me' })
    expect(call?.accountNamePointers).toContain('/email')
  })

  test('nothing is called where nothing is known to be safe', () => {
    expect(chooseProbe(payload({}, bearer), 0)).toBeUndefined()
  })

  test('[B-2] every pattern of the catalogue has a probe, and none of them writes', () => {
    for (const { slug, bytes } of catalogEntries()) {
      const { auth_patterns: patterns } = JSON.parse(Buffer.from(bytes).toString()) as { auth_patterns: unknown[] }
      patterns.forEach((_pattern, index) => {
        const call = chooseProbe(bytes, index)
        expect(call, `${slug} ${index}`).toBeDefined()
        // A POST is a read only where the provider's API has no other way to ask.
        expect(['GET', 'HEAD', 'POST'], slug).toContain(call?.method)
      })
    }
  })
})
