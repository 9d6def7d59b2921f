import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { providerOf, USER } from '../support/journey.ts'
import { connectedAt, lookAt, signInAtProvider, startWalk, type Walk } from './walk.ts'

describeInBrowser('a sign-in without a second window', () => {
  let walk: Walk
  beforeAll(async () => {
    walk = await startWalk()
  }, 180_000)
  afterAll(() => walk?.close())
  const acme = (): string => providerOf(walk.journey, 'acme')

  test('[S2-7] a browser that blocks the window is told to go on in this one', async () => {
    const visitor = await walk.visit()
    // Chromium blocks a window that no click asked for: the form is sent by the page itself, before any.
    await visitor.context.addInitScript("addEventListener('load', () => document.querySelector('form[data-pop-up]')?.requestSubmit())")
    const page = await visitor.open((await walk.session({ providerId: acme() })).link)
    await page.locator('#blocked').waitFor()
    expect(visitor.context.pages()).toHaveLength(1)
    await lookAt(page, 'blocked')
    await page.getByRole('button', { name: 'Continue in this window' }).click()
    await signInAtProvider(page)
    await connectedAt(page, walk.team)
    expect(visitor.context.pages()).toHaveLength(1)
    await visitor.leave()
  })

  test('[S2-7] a phone goes there and back in the same tab', async () => {
    const visitor = await walk.visit({ width: 390 })
    const page = await visitor.open((await walk.session({ providerId: acme() })).link)
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)
    await connectedAt(page, walk.team)
    expect(visitor.context.pages()).toHaveLength(1)
    await visitor.leave()
  })

  test('[S2-7] without scripts every step is a link or a button', async () => {
    const visitor = await walk.visit({ scripts: false })
    const page = await visitor.open((await walk.session({ providerId: acme() })).link)
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)
    await page.locator('#continue').waitFor()
    await lookAt(page, 'end-host')
    await page.locator('#continue').click()
    await connectedAt(page, walk.team)
    await visitor.leave()
  })

  test('[S2-7] a link alone is enough: no page of a team before it, and none after', async () => {
    const visitor = await walk.visit({ width: 390 })
    const { session, link } = await walk.session({ providerId: acme(), confirm: 'code', returnUrl: undefined })
    const page = await visitor.open(link)
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)
    const code = await page.locator('#digits').getAttribute('data-code')
    await walk.journey.credence.sessions.complete(session.id, { code: code ?? '', user: USER })
    await page.getByRole('heading', { name: 'Acme CRM is connected' }).waitFor()
    await lookAt(page, 'end-done')
    await visitor.leave()
  })

  test('[S1-7] scopes are shown by the names of the payload; required ones stay, others are asked for when ticked', async () => {
    const visitor = await walk.visit({ width: 390 })
    const page = await visitor.open((await walk.session({ providerId: acme() })).link)
    const box = (name: string): Locator => page.getByRole('checkbox', { name })
    for (const name of ['Who you are', 'Stay signed in']) {
      expect([await box(name).isChecked(), await box(name).isDisabled()], name).toEqual([true, true])
    }
    await lookAt(page, 'consent')
    await box('Your e-mail address').uncheck()
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await page.getByLabel('Account').waitFor()
    await signInAtProvider(page)
    const credential = await connectedAt(page, walk.team)
    expect((await walk.ann.credentials.get(credential)).scopes).toEqual(['openid', 'offline_access'])
    await visitor.leave()
  })

  test('[S1-1] [S1-7] the documented Asana payload shows its scopes with their descriptions, and connects', async () => {
    const visitor = await walk.visit({ width: 390 })
    const page = await visitor.open((await walk.session({ providerId: providerOf(walk.journey, 'asana') })).link)
    await page.getByText('Access user profile information').waitFor()
    expect(await page.getByRole('checkbox', { disabled: true }).count()).toBe(2)
    await page.getByRole('button', { name: 'Continue to app.asana.com' }).click()
    await connectedAt(page, walk.team)
    await visitor.leave()
  })
})
