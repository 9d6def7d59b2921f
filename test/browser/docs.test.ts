import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { lookAt, startWalk, type Visitor, type Walk } from './walk.ts'

describeInBrowser('the documentation', () => {
  let walk: Walk
  let visitor: Visitor
  beforeAll(async () => {
    walk = await startWalk()
    visitor = await walk.visit()
  }, 180_000)
  afterAll(() => walk?.close())

  test('[C-8] is read on a phone and on a desk, light and dark, and one page leads to the next', async () => {
    const page = await visitor.open(`${walk.journey.platform.admin}/docs`)
    await page.getByRole('heading', { level: 1, name: 'Credence' }).waitFor()
    await lookAt(page, 'docs-index')
    for (const name of ['Quickstart', 'Auto-authentication and the widget', 'Payload reference', 'Promises and their tests']) {
      await page.getByRole('navigation', { name: 'Documentation' }).getByRole('link', { name }).click()
      await page.getByRole('heading', { level: 1, name }).waitFor()
      expect(await page.locator('nav [aria-current="page"]').textContent()).toBe(name)
      await lookAt(page, `docs-${name.toLowerCase().replaceAll(' ', '-')}`)
    }
    await page.getByRole('link', { name: 'API browser' }).click()
    await page.getByRole('heading', { name: 'Credence' }).first().waitFor()
    await visitor.leave()
  })

  test.each(['127.0.0.1', 'localhost'])(
    '[C-8] a request that is tried in the API browser reaches the platform, opened as %s',
    async (name) => {
      const other = await walk.visit()
      const { admin } = walk.journey.platform
      const page = await other.open(`${admin.replace('127.0.0.1', name)}/docs/api`)
      await page.locator('#operations-project-get_v1_project button.opblock-summary-control').click()
      await page.getByRole('button', { name: 'Try it out' }).click()
      const answer = page.waitForResponse((response) => response.url().endsWith('/v1/project'))
      await page.getByRole('button', { name: 'Execute' }).click()
      expect((await answer).status()).toBe(401)
      await other.context.close()
    },
  )
})
