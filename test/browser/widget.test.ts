import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { providerOf } from '../support/journey.ts'
import { mintAt, panelAt } from '../support/widget.ts'
import { SECRETS } from '../support/world.ts'
import { type HostPage, startHostPage } from './host-page.ts'
import { lookAt, signInAtProvider, startWalk, type Visitor, type Walk } from './walk.ts'

const ANN = 'ann@example.com'
const PANEL = "document.querySelector('credence-connected-services')"

describeInBrowser('the panel in a page of another origin under a strict policy', () => {
  let walk: Walk
  let host: HostPage
  beforeAll(async () => {
    walk = await startWalk()
    const { platform, credence } = walk.journey
    const mint = async (): Promise<string> =>
      String((await mintAt({ platform, key: platform.key ?? '' }, { user_email: ANN, origins: [host.origin] })).body.token)
    host = await startHostPage({ platform: platform.public, mint })
    await credence.project.update({ origins: [host.origin] })
    await ann().credentials.create({
      providerId: providerOf(walk.journey, 'bearer'),
      label: 'Support desk',
      fields: { token: SECRETS.bearer },
    })
  }, 180_000)
  afterAll(async () => {
    await host?.close()
    await walk?.close()
  })

  const ann = () => walk.journey.credence.forUser(`email:${ANN}`)

  const enter = async (visitor: Visitor, path = '/'): Promise<Page> => {
    const page = await visitor.context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') broken.push(message.text())
    })
    page.on('pageerror', (error) => broken.push(String(error)))
    await page.goto(`${host.origin}${path}`)
    await page
      .getByRole('heading', { name: 'Your accounts' })
      .or(page.getByRole('heading', { name: 'Available' }))
      .first()
      .waitFor()
    return page
  }
  const broken: string[] = []
  /** No error, and no breach of the page's policy, which Chromium reports as one. */
  const leave = async (visitor: Visitor): Promise<void> => {
    // Its stream ends with it; one that the browser cuts would look like a failure.
    for (const page of visitor.context.pages()) if (page.url().startsWith(host.origin)) await page.evaluate(`${PANEL}.remove()`)
    await visitor.leave()
    expect(broken.splice(0)).toEqual([])
  }
  const credentialAt = async (name: 'acme' | 'bearer'): Promise<string> => {
    for await (const { id } of ann().credentials.list({ providerId: providerOf(walk.journey, name) })) return id
    throw new TypeError(`nothing is connected at ${name}`)
  }
  const rowOf = (page: Page, name: string): Locator => page.getByRole('listitem').filter({ hasText: name })
  const told = (page: Page): Promise<[string, Record<string, unknown>][]> => page.evaluate('window.told')
  /** What the page was told last. The list may be newer than it: the stream brings that as well. */
  const connected = async (page: Page): Promise<Record<string, unknown>> => {
    await expect.poll(async () => (await told(page)).at(-1)?.[0]).toBe('connected')
    return (await told(page)).at(-1)?.[1] ?? {}
  }
  const openBy = async (page: Page, act: () => Promise<void>): Promise<Page> => {
    const [other] = await Promise.all([page.context().waitForEvent('page'), act()])
    return other
  }

  test('[S3-10] shows at its first paint what the backend connected, in light and dark, on a phone and on a desk', async () => {
    const visitor = await walk.visit()
    const page = await enter(visitor)
    await rowOf(page, 'Bearer').getByText('Connected', { exact: true }).waitFor()
    await rowOf(page, 'Bearer').getByText('Support desk').waitFor()
    expect(await page.getByText('1 connected.').count()).toBe(1)
    await lookAt(page, 'widget')
    await leave(visitor)
  })

  test('[S3-10] connects by a window that asks the page for its proof, and changes by itself', async () => {
    const visitor = await walk.visit()
    const page = await enter(visitor)
    const other = await openBy(page, () => page.getByRole('button', { name: 'Connect Acme CRM' }).click())
    await page.getByText('Finish in the other window.').waitFor()
    await lookAt(page, 'widget-waiting')
    // From here on neither page has the other in its hand.
    await other.getByRole('button', { name: /^Continue to/ }).waitFor()
    expect(await other.evaluate('opener === null')).toBe(true)
    await other.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(other)
    await rowOf(page, 'Acme CRM').getByText('Connected', { exact: true }).waitFor()
    await rowOf(page, 'Acme CRM').getByText(ANN).waitFor()
    await expect.poll(() => other.isClosed()).toBe(true)
    const detail = await connected(page)
    expect(detail.name).toBe('Acme CRM')
    expect((await ann().credentials.get(String(detail.credential_id))).account?.name).toBe(ANN)
    expect(await page.getByRole('status').textContent()).toBe('Acme CRM is connected.')
    await lookAt(page, 'widget-connected')
    await leave(visitor)
  })

  test('[S3-10] says when access has ended while the page is open, and reconnects the same account', async () => {
    const visitor = await walk.visit()
    const page = await enter(visitor)
    const id = await credentialAt('acme')
    walk.journey.world.acme.revokeGrants('ann')
    await expect
      .poll(
        () =>
          ann()
            .fetch(id, '/contacts')
            .then(
              () => '',
              (error: { code: string }) => error.code,
            ),
        { timeout: 60_000 },
      )
      .toBe('CREDENTIAL_EXPIRED')
    await rowOf(page, 'Acme CRM').getByText('Sign in again', { exact: true }).waitFor()
    expect(await page.getByText('One account asks you to sign in again.').count()).toBe(1)
    await lookAt(page, 'widget-expired')
    const other = await openBy(page, () => page.getByRole('button', { name: 'Reconnect Acme CRM' }).click())
    await other.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(other)
    await rowOf(page, 'Acme CRM').getByText('Connected', { exact: true }).waitFor()
    expect((await connected(page)).credential_id).toBe(id)
    expect((await ann().fetch(id, '/contacts')).status).toBe(200)
    await leave(visitor)
  })

  test('[S3-10] offers a link where the browser keeps the window from opening, and by it connects as well', async () => {
    const visitor = await walk.visit()
    // As a blocker does it: automation counts as a person's click, so Chromium's own would let the window pass.
    await visitor.context.addInitScript('window.open = () => null')
    const page = await enter(visitor)
    await page.getByRole('button', { name: 'Connect My Freshdesk' }).click()
    const link = page.getByRole('link', { name: 'Open the window' })
    await link.waitFor()
    await lookAt(page, 'widget-blocked')
    const other = await openBy(page, () => link.click())
    await other.getByLabel('Freshdesk Domain').fill('acme.freshdesk.com')
    await other.getByLabel('API Key').fill(SECRETS.freshdesk)
    await other.getByRole('button', { name: /^Connect/ }).click()
    await rowOf(page, 'My Freshdesk').getByText('Connected', { exact: true }).waitFor()
    await leave(visitor)
  })

  test('[S3-10] a page that is isolated connects by its windows, and one that cuts them off is told so', async () => {
    const visitor = await walk.visit()
    const isolated = await enter(visitor, '/?coop=same-origin-allow-popups')
    const first = await openBy(isolated, () => isolated.getByRole('button', { name: 'Connect My Asana' }).click())
    await first.getByRole('button', { name: /^Continue to/ }).waitFor()
    await isolated.getByRole('button', { name: 'Cancel My Asana' }).click()
    await first.close()
    const cut = await enter(visitor, '/?coop=same-origin')
    const second = await openBy(cut, () => cut.getByRole('button', { name: 'Connect My Asana' }).click())
    await second.getByText('This window goes on only when you open it yourself').first().waitFor()
    await rowOf(cut, 'My Asana').getByText('this page cuts it off').waitFor()
    expect((await told(cut)).at(-1)).toMatchObject(['error', { code: 'WINDOW_LOST' }])
    await cut.getByRole('button', { name: 'Connect My Asana' }).waitFor()
    await lookAt(cut, 'widget-cut')
    await leave(visitor)
  })

  test('[S3-10] a window that is closed, or a no at the provider, connects nothing and leaves the list as it was', async () => {
    const visitor = await walk.visit()
    const page = await enter(visitor)
    const button = page.getByRole('button', { name: 'Connect My Asana' })
    const first = await openBy(page, () => button.click())
    await page.getByText('Finish in the other window.').waitFor()
    await page.getByRole('button', { name: 'Cancel My Asana' }).click()
    await button.waitFor()
    await first.close()
    const second = await openBy(page, () => button.click())
    await second.getByRole('button', { name: 'Cancel' }).click()
    await button.waitFor()
    await expect.poll(() => second.isClosed()).toBe(true)
    expect((await told(page)).filter(([type]) => type === 'connected' || type === 'error')).toEqual([])
    await leave(visitor)
  })

  test('[S3-10] disconnects after one question, and can be used by the keyboard alone', async () => {
    const visitor = await walk.visit({ width: 390 })
    const page = await enter(visitor)
    const focused = (): Promise<string> => page.evaluate(`${PANEL}.shadowRoot.activeElement?.getAttribute('aria-label') ?? ''`)
    const walkTo = async (name: string): Promise<void> => {
      for (let i = 0; i < 30 && (await focused()) !== name; i++) await page.keyboard.press('Tab')
      expect(await focused()).toBe(name)
    }
    await walkTo('Disconnect My Freshdesk')
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('Keep My Freshdesk')
    await lookAt(page, 'widget-question')
    await page.keyboard.press('Enter')
    expect(await focused()).toBe('Disconnect My Freshdesk')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Connect My Freshdesk' }).waitFor()
    await expect.poll(focused).toBe('Connect My Freshdesk')
    expect(await page.getByRole('status').textContent()).toBe('My Freshdesk is disconnected.')
    expect((await told(page)).at(-1)?.[0]).toBe('disconnected')
    await leave(visitor)
  })

  test('[S3-9] asks its page for a new token before the hour is over, and goes on', async () => {
    const visitor = await walk.visit()
    await visitor.context.clock.install()
    const page = await enter(visitor)
    const before = host.minted()
    await page.clock.fastForward(54 * 60_000)
    expect(host.minted()).toBe(before)
    await page.clock.fastForward(2 * 60_000)
    await expect.poll(() => host.minted()).toBe(before + 1)
    expect((await told(page)).map(([type]) => type)).toContain('token-expiring')
    await rowOf(page, 'My Bearer').getByText('Connected', { exact: true }).waitFor()
    await leave(visitor)
  })

  test('[S3-10] takes colours, corners and type from its page', async () => {
    const visitor = await walk.visit()
    const page = await enter(visitor, '/themed')
    await lookAt(page, 'widget-themed')
    const look = await page.evaluate(`(() => {
      const { color, fontFamily } = getComputedStyle(${PANEL}.shadowRoot.querySelector('[data-key="connect"]'))
      return [color, fontFamily]
    })()`)
    expect(look).toEqual(['rgb(10, 125, 79)', 'Georgia, serif'])
    await leave(visitor)
  })

  test('[B-8] [T14] in the browser of somebody who was only sent the link, nothing goes on', async () => {
    const { platform } = walk.journey
    const { body } = await mintAt({ platform, key: platform.key ?? '' }, { user_email: 'mallory@example.com', origins: [host.origin] })
    const order = { provider_id: providerOf(walk.journey, 'asana') }
    const made = await panelAt({ platform }, String(body.token), host.origin)('POST', '/sessions', order)
    const victim = await walk.visit()
    const lured = await victim.open(String(made.body.link))
    await lured.getByText('Did somebody send you this link?').waitFor()
    await lookAt(lured, 'widget-lured')
    await victim.leave()
  })
})
