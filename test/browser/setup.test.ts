import type { Credence, Setup } from '@credence/sdk'
import {
  basicSite,
  bearerSite,
  type DocSite,
  type DocSites,
  discoverySite,
  headerSite,
  querySite,
  startDocSites,
} from '@credence/testkit/doc-sites'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { startPlatform } from '../support/platform.ts'
import { lookAt, startWalk, type Visitor, type Walk } from './walk.ts'

const CANARY = 'canary-wizard-7c51e0b2d94f'
/** Whom the link that `credence dev` prints signs in. */
const ADMIN = 'id:admin'
const [bearer, header, basic, query] = [bearerSite(), headerSite(), basicSite(), querySite()]
/** Holds the first page of Dover Desk back, so that research can be watched. */
const held = Promise.withResolvers<void>()
const slowly: DocSite = {
  hosts: {
    ...basic.hosts,
    'doverdesk.example': (request, response) => void held.promise.then(() => basic.hosts['doverdesk.example']?.(request, response)),
  },
}
/** Written by hand, for a service that says nothing of itself. */
const CLIFF = JSON.stringify({
  display_name: 'Cliff Notes',
  auth_patterns: [{ type: 'BEARER', fields: [{ field_name: 'token', label: 'Token', input_type: 'password', required: true }] }],
  proxy_url: 'https://api.cliffnotes.example',
  proxy_enabled: true,
})

describeInBrowser('the setup wizard', () => {
  let sites: DocSites
  let walk: Walk
  let admin: Credence
  let visitor: Visitor
  let origin = ''
  beforeAll(async () => {
    sites = startDocSites([bearer, header, slowly, query, discoverySite()])
    walk = await startWalk({ sites: sites.servers })
    admin = walk.journey.credence.forUser(ADMIN)
    visitor = await walk.visit()
    const { signInLink = '' } = walk.journey.platform
    origin = new URL(signInLink).origin
    await visitor.open(signInLink)
  }, 180_000)
  afterAll(async () => {
    await walk?.close()
    await sites?.close()
  })

  const begin = async (services: string): Promise<Page> => {
    const page = await visitor.open(`${origin}/console/setups/new`)
    await page.getByLabel('Name or address').fill(services)
    await page.getByRole('button', { name: 'Start' }).click()
    return page
  }
  /** Newest first. */
  const all = async (): Promise<Setup[]> => {
    const found: Setup[] = []
    for await (const setup of admin.setups.list()) found.push(setup)
    return found
  }
  const heading = (page: Page, name: string | RegExp): Promise<void> => page.getByRole('heading', { name }).first().waitFor()
  const setupAt = (page: Page): Promise<Setup> => admin.setups.get(/set_\w+/.exec(page.url())?.[0] ?? '')
  /** Nothing of what was entered as a secret stands on the page. */
  const isClean = async (page: Page): Promise<void> => {
    const text = await page.content()
    for (const secret of [CANARY, bearer.mood.key, header.mood.key, 'dover-key-51f2c07ab9']) expect(text).not.toContain(secret)
  }

  test('[S2-12] [S2-13] [S2-15] leads from an address to a credential, over a key that the provider refuses', async () => {
    const list = await visitor.open(`${origin}/console`)
    await list.getByRole('link', { name: 'Setups' }).click()
    await list.getByText('No setups yet').waitFor()
    await lookAt(list, 'setups-empty')
    await list.getByRole('link', { name: 'Set up a service' }).click()
    await heading(list, 'Set up a service')
    await lookAt(list, 'setup-new')

    const page = await begin('doverdesk.example')
    await heading(page, 'Reading its documentation')
    await lookAt(page, 'setup-reading')
    held.resolve()
    await heading(page, 'What to do')
    await page.locator('#said').getByText('Dover Desk: Steps to do').waitFor()
    const found = page.locator('#found')
    expect(await found.textContent()).toContain('https://{{domain}}.doverdesk.example')
    expect(
      await found
        .getByRole('link', { name: /developers\.doverdesk\.example/ })
        .first()
        .getAttribute('rel'),
    ).toBe('noopener noreferrer')
    expect(await page.locator('.steps').textContent()).toContain('Profile settings')
    await lookAt(page, 'setup-guided')

    await page.getByRole('button', { name: 'Done, go on' }).click()
    await heading(page, 'Connect Dover Desk')
    await lookAt(page, 'setup-connect')
    await page.getByRole('button', { name: 'Connect Dover Desk' }).click()
    await page.getByLabel('Dover Desk domain').fill('acme')
    await page.getByLabel('API key').fill(`${CANARY}-typo`)
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.locator('#problem').waitFor()

    const [setup] = await all()
    await page.goto(`${origin}/console/setups/${setup?.id}`)
    await heading(page, 'The key was not accepted')
    expect(await setupAt(page)).toMatchObject({ state: 'connect', cause: 'key_wrong', tries: 1 })
    await isClean(page)
    await lookAt(page, 'setup-refused')
    await page.getByRole('button', { name: 'Try again' }).click()
    await heading(page, 'Connect Dover Desk')
    expect([await page.getByLabel('Dover Desk domain').inputValue(), await page.getByLabel('API key').inputValue()]).toEqual(['acme', ''])
    await lookAt(page, 'setup-again')
    await page.getByLabel('API key').fill('dover-key-51f2c07ab9')
    await page.getByRole('button', { name: 'Connect' }).click()
    await heading(page, 'Dover Desk is connected')
    await page.getByRole('link', { name: /^Back to/ }).click()
    await page.waitForURL(/\/console\/setups\/set_/)
    await heading(page, 'Dover Desk is connected')
    await page.locator('.account').getByText('Checked').waitFor()
    await lookAt(page, 'setup-done')
    await isClean(page)
    const done = await setupAt(page)
    expect(done.state).toBe('done')
    expect((await admin.credentials.get(done.credentialId ?? '')).accountFields).toEqual({ domain: 'acme' })
    await page.getByRole('link', { name: 'See my credentials' }).click()
    await page.locator('.card').getByText('Dover Desk').first().waitFor()
  })

  test('[S2-14] refuses in place what looks like a secret, keeps the rest, and shows it to nobody', async () => {
    const before = (await all()).length
    const page = await begin(`Freshdesk\nmy token: ${CANARY}\nbirchmaps.example`)
    const wrong = page.getByRole('alert')
    expect(await wrong.textContent()).toContain('Line 2 looks like a secret')
    const field = page.getByLabel('Name or address')
    expect([await field.inputValue(), await field.getAttribute('aria-invalid')]).toEqual(['Freshdesk\nbirchmaps.example', 'true'])
    // Chromium gives the focus after the page is there.
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('services')
    await isClean(page)
    await lookAt(page, 'setup-new-refused')
    expect((await all()).length).toBe(before)
    expect(sites.asked.some(({ url }) => url.includes(CANARY))).toBe(false)
  })

  test('[S2-12] asks for the site where a name is not enough, and goes on with the answer', async () => {
    const page = await begin('Some service that nobody knows')
    await heading(page, 'An address is needed')
    await lookAt(page, 'setup-site')
    await page.getByLabel(/^Address of its site/).fill(`sk_live_${CANARY.replaceAll('-', '')}`)
    await page.getByRole('button', { name: 'Read it' }).click()
    await page.getByRole('alert').getByText('looks like a secret').waitFor()
    await isClean(page)
    await page.getByLabel(/^Address of its site/).fill('https://acornmail.example/')
    await page.keyboard.press('Enter')
    await heading(page, 'What to do')
    expect(await page.locator('.steps').textContent()).toContain('Go to Settings → Developers → API tokens.')
    await page.getByRole('button', { name: 'Cancel this setup' }).click()
    await heading(page, 'Cancelled')
    await lookAt(page, 'setup-cancelled')
  })

  test('[S2-12] gives the steps of OAuth to the administrator with the redirect address, and goes on by itself when it is done', async () => {
    const page = await begin('https://mcp.elmcrm.example/mcp')
    await heading(page, 'What to do')
    await heading(page, 'Once, by an administrator')
    await lookAt(page, 'setup-oauth')
    await page.getByRole('button', { name: 'Done, go on' }).click()
    await heading(page, 'An administrator’s turn')
    const setup = await setupAt(page)
    const shown = page.locator('.steps .copy-box code')
    expect(await shown.textContent()).toBe(setup.steps.find(({ redirectUri }) => redirectUri !== undefined)?.redirectUri)
    await lookAt(page, 'setup-client')
    await admin.clients.put(setup.providerId ?? '', { clientId: 'elm-client', clientSecret: `${CANARY}-client` })
    await page.getByRole('button', { name: /^Connect/ }).waitFor()
    await isClean(page)
  })

  test('[S2-16] several at once: each goes its own way, one that is refused stops no other', async () => {
    const page = await begin('birchmaps.example\n\nnowhere-to-be-found.example\nacornmail.example')
    await heading(page, '3 services at once')
    await page.locator('.batch').getByText('0 of 3 connected · 3 wait for you').waitFor()
    await page.getByText('Needs an answer').waitFor()
    await lookAt(page, 'setup-batch')
    const open = async (name: string): Promise<void> => {
      await page.getByRole('link', { name, exact: true }).click()
      await heading(page, 'What to do')
    }
    const connect = async (name: string, field: string, key: string): Promise<void> => {
      await page.getByRole('button', { name: `Connect ${name}` }).click()
      await page.getByLabel(field).fill(key)
      await page.getByRole('button', { name: 'Connect' }).click()
    }
    await open('Acorn Mail')
    await page.getByRole('button', { name: 'Done, go on' }).click()
    bearer.mood.status = 403
    await connect('Acorn Mail', 'API token', bearer.mood.key)
    await page.locator('#problem').waitFor()
    await page.goto(`${origin}/console/setups`)
    bearer.mood.status = undefined

    await open('Birch Maps')
    await page.getByRole('button', { name: 'Done, go on' }).click()
    await connect('Birch Maps', 'API key', header.mood.key)
    await page.getByRole('link', { name: /^Back to/ }).click()
    await page.getByRole('link', { name: 'Go on with the others' }).click()
    await page.locator('.batch').getByText('1 of 3 connected · 2 wait for you').waitFor()
    await page.getByText('Refused', { exact: true }).waitFor()
    await lookAt(page, 'setup-batch-later')
    await isClean(page)

    await page.getByRole('link', { name: 'Nowhere-to-be-found' }).click()
    await page.getByText('Describe it by hand').click()
    const payload = page.getByLabel('Provider payload, JSON')
    await payload.fill(CLIFF.replace('BEARER', 'BEARING'))
    await page.getByRole('button', { name: 'Take this' }).click()
    await page.getByRole('alert').getByText('/auth_patterns/0/type').waitFor()
    expect(await payload.inputValue()).toContain('BEARING')
    await lookAt(page, 'setup-by-hand')
    await payload.fill(CLIFF)
    await page.getByRole('button', { name: 'Take this' }).click()
    await heading(page, 'Cliff Notes')
    await heading(page, 'What to do')
    expect(walk.journey.platform.printed().stdout + walk.journey.platform.printed().stderr).not.toContain(CANARY)
  })

  test('[S2-16] a page tells when the platform is away, and after a restart each setup stands where it stood and goes on', async () => {
    const page = await begin('cedarweather.example')
    await page.waitForURL(/\/console\/setups\/set_/)
    const path = new URL(page.url()).pathname
    await page.goto(`${origin}/console/setups`)
    const other = await walk.visit()
    await other.context.addCookies(await visitor.context.cookies())
    const left = await other.open(`${origin}/console/setups`)
    const { journey } = walk
    await visitor.leave()
    await journey.platform.process.stop()
    await left.getByText('Nothing is lost; this page goes on by itself.').waitFor()
    await lookAt(left, 'setup-away')

    const platform = await startPlatform({ home: journey.home, env: journey.world.env })
    try {
      const { port } = new URL(platform.admin)
      const here = `http://localhost:${port}`
      await left.goto(`${here}/console/setups`)
      const badges = left.locator('.setup-row').filter({ hasText: 'Acorn Mail' }).locator('.badge')
      expect(await badges.allTextContents()).toContain('Refused')
      await left.goto(here + path)
      await heading(left, 'What to do')
      await heading(left, 'Cedar Weather')
      await isClean(left)
    } finally {
      await other.context.close()
      await platform.stop()
    }
  })
})
