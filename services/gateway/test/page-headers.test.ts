import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { start } from '../src/index.ts'
import { Browser } from './browser.ts'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

describe('what stands around the pages', () => {
  let platform: Platform

  beforeAll(async () => {
    platform = await Platform.start({
      publicUrl: 'https://credence.example',
      adminUrl: 'https://admin.credence.example',
      publicRequestsPerMinute: 40,
    })
  })
  afterAll(() => platform.stop())

  test('[T21] every page refuses frames, inline scripts, caches and referrers', async () => {
    const bearer = platform.fakes.addProvider(payload('bearer'))
    const asana = platform.fakes.addProvider(payload('asana'))
    const browser = new Browser(platform.publicUrl)
    const { path: form } = await platform.session({ provider_id: bearer, confirm: 'code' })
    const { path: consent } = await platform.session({ provider_id: asana, confirm: 'code' })
    const pages = [
      form,
      consent,
      '/connect/refused',
      `/connect/${'x'.repeat(43)}`,
      '/connect/nothing',
      '/',
      '/r/nothing',
      `/oauth/callback/ocl_${'c'.repeat(26)}`,
    ]
    for (const page of [...pages.map((path) => browser.get(path)), browser.post(`${form}/secret`, { 'field.token': '' })]) {
      const { headers, location } = await page
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('strict-transport-security')).toContain('max-age=')
      if (location !== '') continue
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toMatch(/unsafe|\*/)
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(headers.get('cross-origin-opener-policy')).toMatch(/^same-origin/)
    }
    expect((await browser.get(consent)).headers.get('content-security-policy')).toContain("form-action 'self' https:")
    expect((await browser.get(consent)).headers.get('cross-origin-opener-policy')).toBe('same-origin-allow-popups')
  })

  test('[B-8] with `login` a form may lead on to the console, and no further', async () => {
    const { path } = await platform.session({ provider_id: platform.fakes.addProvider(payload('bearer')), confirm: 'login' })
    const { headers } = await new Browser(platform.publicUrl).get(path)
    expect(headers.get('content-security-policy')).toContain("form-action 'self' https://admin.credence.example;")
  })

  test('[T13] the cookie is bound to this host, to https and to no script', async () => {
    const { headers } = await new Browser(platform.publicUrl).get(
      (await platform.session({ provider_id: platform.fakes.addProvider(payload('bearer')), confirm: 'code' })).path,
    )
    const [cookie = ''] = headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-credence=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+$/)
  })

  test('[T18] one page alone posts a message to another window: to a named origin, with the id of its session', async () => {
    const folder = new URL('../src/connect/pages/assets/', import.meta.url)
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'))
    const posts = scripts.flatMap((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8')
      // A BroadcastChannel is heard by pages of this origin only.
      return (text.match(/\w+\.postMessage\(.*/g) ?? []).flatMap((call) => (call.startsWith('channel.') ? [] : [`${name}: ${call}`]))
    })
    expect(posts).toEqual(["handshake.js: behind.postMessage({ type: 'credence-hello', session }, origin), ASK_EVERY_MS)"])
    const withOpener = scripts.filter((name) => /\bopener\b/.test(readFileSync(new URL(name, folder), 'utf8').replaceAll(/\/\/.*/g, '')))
    expect(withOpener).toEqual(['handshake.js'])
  })

  test('[T19] every redirect of ours is a 303, made in one place', () => {
    const places = sources().filter(({ text }) => text.includes('.redirect('))
    expect(places.map(({ name }) => name)).toEqual(['http/page.ts'])
    expect(places[0]?.text).toContain('.redirect(location, 303)')
  })

  test('[S2-14] only the intake looks at the bytes of a secret', () => {
    const places = sources().filter(({ text }) => text.includes('.reveal('))
    expect(places.map(({ name }) => name.split('/')[0])).toEqual(places.map(() => 'intake'))
    expect(places.length).toBeGreaterThan(0)
  })

  test('[T42] too many requests of one address are told to wait', async () => {
    const browser = new Browser(platform.publicUrl)
    let answer = await browser.get('/connect/refused')
    for (let i = 0; i < 60 && answer.status !== 429; i++) answer = await browser.get('/connect/refused')
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('[S2-7] an address that no browser keeps a cookie for is refused at start', async () => {
    const config = {
      host: '127.0.0.1',
      port: 0,
      publicPort: 0,
      adminPort: 0,
      publicUrl: 'http://credence.example',
      adminUrl: 'http://10.0.0.1:7401',
    }
    await expect(start(config, {} as never)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
      details: { faults: [{ pointer: '/CREDENCE_PUBLIC_URL' }, { pointer: '/CREDENCE_ADMIN_URL' }] },
    })
  })
})

function sources(): { name: string; text: string }[] {
  const root = fileURLToPath(new URL('../src/', import.meta.url))
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  return names.map((name) => ({ name, text: readFileSync(root + name, 'utf8') }))
}
