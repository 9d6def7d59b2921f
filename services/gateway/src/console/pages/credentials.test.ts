import { describe, expect, test } from 'vitest'
import { opened, tagsOf, wordsOf } from '../../connect/pages/test/read-page.ts'
import { renderCredentials, renderSignIn } from './index.ts'
import { active, disabled, expired, inUse, list, shared } from './test/sample-views.ts'

const only = (credential: (typeof list.credentials)[number]): string => renderCredentials({ ...list, credentials: [credential] })

describe('one credential', () => {
  test.each([
    [active, 'Active', 'good'],
    [expired, 'Expired', 'bad'],
    [disabled, 'Disabled', 'quiet'],
  ])('shows its state as a word, a colour and a drawing', (row, word, tone) => {
    const tags = tagsOf(only(row))
    const at = tags.findIndex(({ attributes }) => attributes.get('class') === `badge ${tone}`)
    expect(tags[at + 1]?.name).toBe('svg')
    expect(tags.slice(at, at + 5).map(({ text }) => text)).toContain(word)
  })

  test('names label, provider, account, reason, last use and how many use it', () => {
    const words = wordsOf(only(expired))
    for (const part of ['Support desk', 'Freshdesk · acme.freshdesk.com', 'refuses the key', '12 May 2026, 11:47 UTC', '1 tool']) {
      expect(words).toContain(part)
    }
    expect(wordsOf(only(disabled))).toMatch(/Last used\s+Not yet/)
  })

  test('says beside an active state when it is not well, and nothing when it is', () => {
    expect(wordsOf(only(shared))).toMatch(/Active\s+Not checked yet/)
    expect(wordsOf(only(active))).not.toContain('ok')
    expect(wordsOf(only(disabled))).not.toContain('paused')
  })

  test('offers reconnect first where that is what helps', () => {
    const look = (page: string): string | undefined =>
      opened(page, 'a')
        .find(({ attributes }) => attributes.get('href')?.startsWith('/console/reconnect/'))
        ?.attributes.get('class')
    expect([look(only(expired)), look(only(active))]).toEqual(['button primary', 'button'])
  })

  test('offers exactly one of disable and enable', () => {
    expect(wordsOf(only(active))).toContain('Disable')
    expect(only(active)).not.toContain('/enable"')
    expect(only(disabled)).toContain('action="/console/credentials/cred_c/enable"')
    expect(only(disabled)).not.toContain('/disable"')
  })

  test('asks before it deletes, without a script, and says who is affected', () => {
    const page = only(active)
    const [, details = ''] = /<details[^>]*>([\s\S]*?)<\/details>/.exec(page) ?? []
    expect(details).toMatch(/^<summary/)
    expect(details).toContain('action="/console/credentials/cred_a/delete"')
    expect(page.split('/delete"')).toHaveLength(2)
    expect(details).toContain('2 tools can no longer use it')
  })

  test('one that is only shared can be looked at and no more', () => {
    const page = only(shared)
    expect(opened(page, 'details')).toEqual([])
    expect(wordsOf(page)).toContain('Only its owner can change it')
  })
})

describe('the list', () => {
  test('a question about a delete is asked once, with a way not to', () => {
    const page = renderCredentials(inUse)
    expect(page).toContain('name="force" value="true"')
    expect(wordsOf(page)).toContain('Leave it as it is')
    expect(opened(page, 'section').filter(({ attributes }) => attributes.has('autofocus'))).toHaveLength(1)
  })

  test('an empty one says what will be here', () => {
    const words = wordsOf(renderCredentials({ ...list, credentials: [] }))
    expect(words).toContain('Nothing connected yet')
  })

  test('says who is signed in, and lets the person sign out', () => {
    const page = renderCredentials(list)
    expect(wordsOf(page)).toMatch(/Signed in as\s+maria@acme\.example/)
    expect(page).toContain('action="/console/sign-out"')
  })
})

describe('signing in', () => {
  test('leads to the issuer where there is one, and names it', () => {
    const [link] = opened(renderSignIn({ oidc: { href: '/sign-in/oidc', issuerHost: 'login.acme.example' } }), 'a')
    expect([link?.attributes.get('href'), link?.text]).toEqual(['/sign-in/oidc', 'Sign in at login.acme.example'])
  })

  test('without an issuer speaks of the one-time link, and of what was wrong with it', () => {
    const page = renderSignIn({ problem: 'This link was used before.' })
    expect(wordsOf(page)).toContain('Open the one-time link that the operator gave you')
    expect(page).toMatch(/role="alert"/)
  })
})
