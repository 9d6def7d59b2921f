import type { Credence } from '@credence/sdk'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { SECRETS } from '../support/world.ts'
import { bearerPayload } from './payloads.ts'
import { lookAt, startWalk, type Visitor, type Walk } from './walk.ts'

/** Whom the link that `credence dev` prints signs in. */
const ADMIN = 'id:admin'

describeInBrowser('signed in', () => {
  let walk: Walk
  let admin: Credence
  let visitor: Visitor
  let providerId = ''
  let id = ''
  beforeAll(async () => {
    walk = await startWalk()
    admin = walk.journey.credence.forUser(ADMIN)
    providerId = (await admin.providers.create(bearerPayload({ display_name: 'Example CRM', verify: { path: '/me' } }))).id
    visitor = await walk.visit()
  }, 180_000)
  afterAll(() => walk?.close())

  const fillIn = async (page: Page, secret: string): Promise<void> => {
    await page.getByLabel('Bearer Token').fill(secret)
    await page.getByRole('button', { name: /^(Connect|Reconnect)$/ }).click()
  }

  test('[B-8] with `login` the person signs in by the one-time link, connects, and nobody needs a code', async () => {
    const { session, link } = await admin.sessions.create({ providerId, confirm: 'login', label: 'North' })
    const page = await visitor.open(link)
    await page.getByRole('heading', { name: 'Sign in first' }).waitFor()
    await lookAt(page, 'sign-in-first')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
    await lookAt(page, 'sign-in')

    const { signInLink = '' } = walk.journey.platform
    const home = await visitor.open(signInLink)
    await home.getByText('Nothing connected yet').waitFor()
    await lookAt(home, 'console-empty')
    await home.goto(signInLink)
    await home.getByText('This link was used before').waitFor()
    await lookAt(home, 'sign-in-used')

    await page.goto(link)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await fillIn(page, SECRETS.bearer)
    await page.getByRole('heading', { name: 'Example CRM is connected' }).waitFor()
    const done = await admin.sessions.get(session.id)
    expect(done.state).toBe('connected')
    id = done.credentialId ?? ''
  })

  test('[B-8] a link that was made for somebody else connects nothing', async () => {
    const { session, link } = await walk.ann.sessions.create({ providerId, confirm: 'login' })
    const page = await visitor.open(link)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByText('You are signed in as somebody else').waitFor()
    await lookAt(page, 'sign-in-other')
    expect((await walk.ann.sessions.get(session.id)).state).toBe('failed')
  })

  test('[S2-9] [S2-21] “my credentials” shows the state with its reason, and reconnects the same id', async () => {
    const page = await visitor.open(`${originOf(walk)}/console`)
    const card = page.locator('.card')
    expect(await card.textContent()).toMatch(/North[\s\S]*Active/)
    const { bearer } = walk.journey.world.apis
    const renewed = `${SECRETS.bearer}-renewed`
    bearer.accept(({ token }) => token === renewed)
    await admin.fetch(id, '/contacts')
    await expect.poll(async () => (await admin.credentials.get(id)).status, { timeout: 30_000 }).toBe('expired')
    await page.reload()
    expect(await card.textContent()).toMatch(/Expired[\s\S]*The provider refuses the key\. Reconnect it with a valid one\./)
    await lookAt(page, 'console-expired')

    await card.getByRole('link', { name: /^Reconnect/ }).click()
    await page.getByRole('heading', { name: 'Reconnect Example CRM' }).waitFor()
    await fillIn(page, renewed)
    await page.getByRole('heading', { name: 'Example CRM is connected' }).waitFor()
    await page.goto(`${originOf(walk)}/console`)
    expect(await card.textContent()).toMatch(/Active/)
    expect((await admin.fetch(id, '/contacts')).status).toBe(200)
  })

  test('[S2-3] disables, enables and deletes, the last only after a second look', async () => {
    const page = await visitor.open(`${originOf(walk)}/console`)
    await page.getByRole('button', { name: /^Disable/ }).click()
    await page.getByRole('status').filter({ hasText: 'Disabled.' }).waitFor()
    expect((await admin.credentials.get(id)).status).toBe('disabled')
    await lookAt(page, 'console-disabled')
    await page.getByRole('button', { name: /^Enable/ }).click()
    await page.getByRole('status').filter({ hasText: 'Enabled.' }).waitFor()
    expect((await admin.credentials.get(id)).status).toBe('active')

    await admin.consumers.bind({ credentialId: id, kind: 'tool', externalRef: 'crm-sync', label: 'CRM sync' })
    await page.reload()
    const sure = page.locator('details.sure')
    expect(await sure.getByRole('button', { name: /^Yes, delete/ }).isVisible()).toBe(false)
    await sure.locator('summary').press('Enter')
    await lookAt(page, 'console-sure')
    await sure.getByRole('button', { name: /^Yes, delete/ }).click()
    await page.getByRole('region', { name: 'Please confirm' }).waitFor()
    await lookAt(page, 'console-in-use')
    await page.getByRole('button', { name: 'Delete anyway' }).click()
    await page.getByRole('status').filter({ hasText: 'Deleted.' }).waitFor()
    await page.getByText('Nothing connected yet').waitFor()
    await expect(admin.credentials.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('[B-8] who signs out is out', async () => {
    const page = await visitor.open(`${originOf(walk)}/console`)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
    await page.goto(`${originOf(walk)}/console`)
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor()
    await visitor.leave()
  })
})

/** The console where the one-time link leads to: cookies of `localhost` are not those of 127.0.0.1. */
function originOf({ journey }: Walk): string {
  return new URL(journey.platform.signInLink ?? '').origin
}
