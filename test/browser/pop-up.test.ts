import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { providerOf } from '../support/journey.ts'
import { connectedAt, lookAt, signInAtProvider, startWalk, type Visitor, type Walk } from './walk.ts'

describeInBrowser.each([
  { provider: 'keeps the opener', coop: false },
  { provider: 'cuts the opener (COOP)', coop: true },
])('a sign-in in a pop-up at a provider that $provider', ({ coop }) => {
  let walk: Walk
  beforeAll(async () => {
    walk = await startWalk({ coop })
  }, 180_000)
  afterAll(() => walk?.close())

  /** Ann opens her link and presses the button; `other` is the window that comes. */
  const begin = async (visitor: Visitor): Promise<{ page: Page; other: Page; id: string }> => {
    const { session, link } = await walk.session({ providerId: providerOf(walk.journey, 'acme') })
    const page = await visitor.open(link)
    const [other] = await Promise.all([visitor.context.waitForEvent('page'), page.getByRole('button', { name: /^Continue to/ }).click()])
    await other.getByLabel('Account').waitFor()
    expect(await other.evaluate('opener === null')).toBe(coop)
    return { page, other, id: session.id }
  }

  test('[S2-7] ends in the first window, which goes on by itself', async () => {
    const visitor = await walk.visit()
    const { page, other, id } = await begin(visitor)
    await page.locator('#outside [data-when="open"]').waitFor()
    if (!coop) await lookAt(page, 'outside')
    await signInAtProvider(other)
    await connectedAt(page, walk.team)
    expect((await walk.ann.sessions.get(id)).state).toBe('connected')
    await expect.poll(() => other.isClosed() || over(other)).toBe(true)
    await visitor.leave()
  })

  test('[S2-7] that the person closes can be opened again', async () => {
    const visitor = await walk.visit()
    const { page, other } = await begin(visitor)
    await other.close()
    await page.locator('#outside [data-when="gone"]').waitFor()
    if (!coop) await lookAt(page, 'outside-gone')
    const again = visitor.context.waitForEvent('page')
    await page.getByRole('button', { name: 'Open the window again' }).click()
    await signInAtProvider(await again)
    await connectedAt(page, walk.team)
    await visitor.leave()
  })

  test('[S2-7] can be given up for this window, and the one left open leads nowhere', async () => {
    const visitor = await walk.visit()
    const { page, other } = await begin(visitor)
    await page.getByRole('button', { name: 'Continue in this window' }).click()
    await page.waitForURL(/login\.acme\.example/)
    await signInAtProvider(page)
    await connectedAt(page, walk.team)
    const before = walk.team.outcomes.length
    await signInAtProvider(other)
    await other.getByRole('heading', { name: 'Nothing was connected' }).waitFor()
    expect(walk.team.outcomes.length).toBe(before)
    await visitor.leave()
  })

  test('[S2-7] in which the person says no ends the session, and the first window says why', async () => {
    const visitor = await walk.visit()
    const { page, other, id } = await begin(visitor)
    await signInAtProvider(other, { decision: 'Deny' })
    await page.getByRole('heading', { name: 'The access was not allowed' }).waitFor()
    if (!coop) await lookAt(page, 'denied')
    expect((await walk.ann.sessions.get(id)).state).toBe('failed')
    await visitor.leave()
  })
})

/** The second window gave way, or went to the same end by itself: nothing is asked of the person there. */
async function over(other: Page): Promise<boolean> {
  return other.url().includes('/connected') || (await other.locator('#taken').isVisible())
}
