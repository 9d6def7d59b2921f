import { type GraphApi, startGraphApi } from '@credence/testkit'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { connectedAt, lookAt, startWalk, type Visitor, type Walk } from './walk.ts'

describeInBrowser.each([
  { dialog: 'tells its opener how it went', coop: false },
  { dialog: 'cuts the opener (COOP)', coop: true },
])('the pop-up of a native sign-in whose dialog $dialog', ({ coop }) => {
  let graph: GraphApi
  let walk: Walk
  let providerId: string
  beforeAll(async () => {
    graph = await startGraphApi({ dialogPage: true, coop })
    walk = await startWalk({ sites: { 'www.facebook.com': graph.server, 'graph.facebook.com': graph.server } })
    const { credence } = walk.journey
    providerId = (await credence.providers.createFromCatalog('meta')).id
    const { appId: clientId, appSecret: clientSecret } = graph.app
    const client = await credence.clients.put(providerId, { clientId, clientSecret, fields: { config_id: '900100' } })
    graph.allowRedirect(client.redirectUri)
  }, 180_000)
  afterAll(async () => {
    await walk?.close()
    await graph?.close()
  })

  const begin = async (visitor: Visitor): Promise<{ page: Page; other: Page }> => {
    const { link } = await walk.session({ providerId })
    const page = await visitor.open(link)
    if (!coop) await lookAt(page, 'native')
    const [other] = await Promise.all([visitor.context.waitForEvent('page'), page.getByRole('button', { name: /^Continue to/ }).click()])
    await other.getByRole('button', { name: 'Continue' }).waitFor()
    expect(await other.evaluate('opener === null')).toBe(coop)
    return { page, other }
  }

  test('[S2-10] leads to the choice of what may be used, in the first window, with what was chosen there ticked', async () => {
    const visitor = await walk.visit()
    const { page, other } = await begin(visitor)
    await other.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'What may be used?' }).waitFor()
    if (!coop) await lookAt(page, 'native-assets')
    // The dialog named the first number; where it cannot speak, only what is alone in its channel is ticked.
    await expect.poll(() => page.locator('input:checked').count()).toBe(coop ? 1 : 3)
    await page.locator('[data-asset="106540352242922"]').check()
    await page.locator('[data-asset="106540352242923"]').uncheck()
    await page.getByRole('button', { name: 'Connect' }).click()
    const id = await connectedAt(page, walk.team)
    const { assets, family } = await walk.ann.credentials.get(id)
    expect(family).toBe('thirdparty')
    expect(assets.filter(({ channel }) => channel === 'whatsapp').map((asset) => asset.id)).toEqual(['106540352242922'])
    await visitor.leave()
  })

  test('[S2-10] that is cancelled connects nothing and says so', async () => {
    const visitor = await walk.visit()
    const { page, other } = await begin(visitor)
    await other.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('heading', { name: 'The access was not allowed' }).waitFor()
    await visitor.leave()
  })

  test('[S2-10] that the browser blocks can be gone through in the same window', async () => {
    const visitor = await walk.visit()
    const { link } = await walk.session({ providerId })
    const page = await visitor.open(link)
    await page.evaluate('window.open = () => null')
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await page.locator('#blocked').getByRole('button', { name: 'Continue in this window' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'What may be used?' }).waitFor()
    await page.getByRole('button', { name: 'Connect' }).click()
    await connectedAt(page, walk.team)
    await visitor.leave()
  })
})
