import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { providerOf } from '../support/journey.ts'
import { SECRETS } from '../support/world.ts'
import { bearerPayload, CHECKED, DOWN, TWO_WAYS } from './payloads.ts'
import { connectedAt, lookAt, startWalk, type Walk } from './walk.ts'

describeInBrowser('a form for secrets', () => {
  let walk: Walk
  const ids = { checked: '', down: '', twoWays: '' }
  beforeAll(async () => {
    walk = await startWalk()
    const { providers } = walk.journey.credence
    ids.checked = (await providers.create(bearerPayload(CHECKED))).id
    ids.down = (await providers.create(bearerPayload(DOWN))).id
    ids.twoWays = (await providers.create(JSON.stringify(TWO_WAYS))).id
  }, 180_000)
  afterAll(() => walk?.close())

  test('[S2-15] [S1-4] a wrong key is told by a sentence, plain values stay, the secret is asked again, and the right one connects', async () => {
    const visitor = await walk.visit()
    const { session, link } = await walk.session({ providerId: ids.checked })
    const page = await visitor.open(link)
    const workspace = page.getByLabel('Workspace')
    const token = page.getByLabel('Bearer Token')
    expect(await page.locator('.hint').allTextContents()).toEqual(
      expect.arrayContaining(['Your long-lived bearer token', 'As in its address']),
    )
    expect(await token.getAttribute('type')).toBe('password')
    await lookAt(page, 'form')
    await workspace.fill('north')
    await token.fill(`${SECRETS.bearer}-typo`)
    await page.getByRole('button', { name: 'Connect' }).click()

    expect(await page.locator('#problem').textContent()).toContain('The provider did not accept these values.')
    expect([await workspace.inputValue(), await token.inputValue()]).toEqual(['north', ''])
    // Chromium gives the focus after the page is there.
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('field.token')
    expect(await page.content()).not.toContain('-typo')
    await lookAt(page, 'form-refused')
    expect((await walk.ann.sessions.get(session.id)).state).toBe('open')
    const connected: string[] = []
    for await (const credential of walk.ann.credentials.list({ providerId: ids.checked })) connected.push(credential.id)
    expect(connected).toEqual([])

    await token.fill(SECRETS.bearer)
    await page.getByRole('button', { name: 'Connect' }).click()
    const id = await connectedAt(page, walk.team)
    const { apis } = walk.journey.world
    expect(apis.bearer.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/me', `Bearer ${SECRETS.bearer}-typo`],
      ['/me', `Bearer ${SECRETS.bearer}`],
    ])
    expect(await walk.ann.credentials.get(id)).toMatchObject({ accountFields: { workspace: 'north' } })
    await visitor.leave()
  })

  test('[S1-4] a form is filled in, corrected and sent with the keyboard alone', async () => {
    const visitor = await walk.visit()
    const page = await visitor.open((await walk.session({ providerId: providerOf(walk.journey, 'freshdesk') })).link)
    const { keyboard } = page
    await page.locator('body').press('Tab')
    expect(await page.evaluate('document.activeElement.name')).toBe('field.domain')
    await keyboard.type('evil.example/path?x=')
    await keyboard.press('Tab')
    await keyboard.type(SECRETS.freshdesk)
    await keyboard.press('Enter')

    await page.locator('#field-0-wrong').waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('field.domain')
    expect(await page.getByLabel('API Key').inputValue()).toBe('')
    await lookAt(page, 'form-field-wrong')
    await keyboard.press('ControlOrMeta+a')
    await keyboard.type('acme.freshdesk.com')
    await keyboard.press('Tab')
    await keyboard.type(SECRETS.freshdesk)
    await keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Connect')
    await keyboard.press('Enter')
    await connectedAt(page, walk.team)
    await visitor.leave()
  })

  test('[S1-2] [S1-11] of several ways the person picks one, by the names that the payload gives', async () => {
    const visitor = await walk.visit()
    const page = await visitor.open((await walk.session({ providerId: ids.twoWays })).link)
    await page.getByLabel('With a service token').waitFor()
    expect(await page.locator('.choices').textContent()).toContain('For scripts of your own.')
    await lookAt(page, 'choice')
    await page.locator('body').press('Tab')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'With a service token' }).waitFor()
    await page.getByRole('link', { name: 'Connect in another way' }).click()
    await page.getByLabel('With an API key').check()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('[name="field.api_key"]').fill('key-of-the-first-way')
    await page.getByRole('button', { name: 'Connect' }).click()
    await connectedAt(page, walk.team)
    await visitor.leave()
  })

  test('[S2-15] when the provider is down the values may be kept, unverified', async () => {
    const visitor = await walk.visit()
    const page = await visitor.open((await walk.session({ providerId: ids.down })).link)
    await page.getByLabel('Bearer Token').fill(SECRETS.bearer)
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByRole('heading', { name: 'It could not be checked' }).waitFor()
    await lookAt(page, 'question-unverified')
    await page.getByRole('button', { name: 'Keep it unverified' }).click()
    const id = await connectedAt(page, walk.team)
    expect(await walk.ann.credentials.get(id)).toMatchObject({ status: 'active', health: 'unverified' })
    await visitor.leave()
  })

  test('[S2-7] cancelling connects nothing, and says so', async () => {
    const visitor = await walk.visit()
    const { session, link } = await walk.session({ providerId: ids.checked })
    const page = await visitor.open(link)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading', { name: 'Cancelled' }).waitFor()
    await lookAt(page, 'cancelled')
    expect((await walk.ann.sessions.get(session.id)).state).toBe('cancelled')
    await visitor.leave()
  })
})
