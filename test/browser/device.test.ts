import { type FakeAuthorizationServer, startFakeAuthorizationServer } from '@credence/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { atTeam, connectedAt, lookAt, startWalk, type Walk } from './walk.ts'

const ISSUER = 'https://devices.example'
const SECRET = 'device-client-secret-84'

describeInBrowser('a sign-in on another device', () => {
  let as: FakeAuthorizationServer
  let walk: Walk
  let providerId: string
  beforeAll(async () => {
    const clients = [{ clientId: 'tv', clientSecret: SECRET, redirectUris: [] }]
    as = await startFakeAuthorizationServer({ issuer: ISSUER, serverClass: 'static', clients, device: { intervalS: 1, lifeS: 600 } })
    walk = await startWalk({ sites: { 'devices.example': as.server } })
    const { credence } = walk.journey
    const config = {
      grant_type: 'device_code',
      device_authorization_uri: `${ISSUER}/device_authorization`,
      token_uri: `${ISSUER}/token`,
      available_scopes: [{ scope: 'read', display_name: 'Read', required: true }],
    }
    const provider = await credence.providers.create({
      display_name: 'Living Room TV',
      auth_patterns: [{ type: 'OAUTH', fields: [], oauth_config: config, refresh: { class: 'static' } }],
      proxy_url: 'https://devices.example',
      proxy_enabled: true,
    })
    providerId = provider.id
    await credence.clients.put(providerId, { clientId: 'tv', clientSecret: SECRET })
  }, 180_000)
  afterAll(async () => {
    await walk?.close()
    await as?.close()
  })

  test('[B-14] shows the code large enough to be read from across a room, and goes on by itself when it was allowed', async () => {
    const visitor = await walk.visit()
    const { link } = await walk.session({ providerId })
    const page = await visitor.open(link)
    await lookAt(page, 'device-consent')
    await page.getByRole('button', { name: 'Show the code' }).click()
    await page.getByRole('heading', { name: 'Enter this code at Living Room TV' }).waitFor()
    expect(visitor.context.pages()).toHaveLength(1)
    await lookAt(page, 'device-code')
    const code = await page.locator('#digits').getAttribute('data-code')
    expect(code).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/)
    const size = await page.evaluate('Number.parseFloat(getComputedStyle(document.querySelector("#digits")).fontSize)')
    expect(size).toBeGreaterThanOrEqual(24)
    await page.getByText(`${ISSUER}/device`, { exact: true }).waitFor()
    expect(await page.getByRole('link', { name: 'Open devices.example' }).getAttribute('href')).toBe(`${ISSUER}/device?user_code=${code}`)
    await page.evaluate('document.querySelector("#digits span").textContent = "WDJBMJHTQXNVPLKC-BCDF"')
    await lookAt(page, 'device-code-long')
    as.decideDevice(code ?? '', 'approved')
    expect(await connectedAt(page, walk.team)).toMatch(/^cred_/)
    await visitor.leave()
  })

  test('[B-14] that was denied there says so, and leads back', async () => {
    const visitor = await walk.visit({ width: 390 })
    const { link } = await walk.session({ providerId })
    const page = await visitor.open(link)
    await page.getByRole('button', { name: 'Show the code' }).click()
    const code = await page.locator('#digits').getAttribute('data-code')
    as.decideDevice(code ?? '', 'denied')
    await page.getByRole('heading', { name: 'The access was not allowed' }).waitFor()
    await lookAt(page, 'device-denied')
    await page.getByRole('link', { name: 'Back' }).click()
    expect(await atTeam(page, walk.team)).toMatch(/^Refused: /)
    await visitor.leave()
  })

  test('[B-14] gives another code where the first does not work, and only the newest counts', async () => {
    const visitor = await walk.visit()
    const { link } = await walk.session({ providerId })
    const page = await visitor.open(link)
    await page.getByRole('button', { name: 'Show the code' }).click()
    const first = await page.locator('#digits').getAttribute('data-code')
    await page.getByRole('link', { name: 'Get another code' }).click()
    await page.getByRole('button', { name: 'Show the code' }).click()
    await page.locator(`#digits:not([data-code="${first}"])`).waitFor()
    const second = await page.locator('#digits').getAttribute('data-code')
    expect(second).not.toBe(first)
    as.decideDevice(second ?? '', 'approved')
    expect(await connectedAt(page, walk.team)).toMatch(/^cred_/)
    await visitor.leave()
  })

  test('[B-14] goes without scripts, too', async () => {
    const visitor = await walk.visit({ scripts: false })
    const { link } = await walk.session({ providerId })
    const page = await visitor.open(link)
    await page.getByRole('button', { name: 'Show the code' }).click()
    const code = (await page.locator('#digits').getAttribute('data-code')) ?? ''
    as.decideDevice(code, 'approved')
    await page.locator('#continue').click()
    expect(await connectedAt(page, walk.team)).toMatch(/^cred_/)
    await visitor.leave()
  })
})
