import { CredenceError } from '@credence/sdk'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { providerOf, USER } from '../support/journey.ts'
import { atTeam, connectedAt, lookAt, signInAtProvider, startWalk, type Walk } from './walk.ts'

describeInBrowser('connecting again', () => {
  let walk: Walk
  let id = ''
  beforeAll(async () => {
    walk = await startWalk()
    const visitor = await walk.visit({ width: 390 })
    const page = await visitor.open((await walk.session({ providerId: providerOf(walk.journey, 'acme'), label: 'Sales' })).link)
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)
    id = await connectedAt(page, walk.team)
    await visitor.leave()
  }, 180_000)
  afterAll(() => walk?.close())

  /** The refusal of a call after Ann's grants were revoked at the provider; it comes once the refresh was refused. */
  const expire = async (): Promise<CredenceError> => {
    walk.journey.world.acme.revokeGrants('ann')
    const ask = (): Promise<unknown> => walk.ann.fetch(id, '/contacts').catch((error: unknown) => error)
    await expect.poll(async () => codeOf(await ask()), { timeout: 60_000, interval: 200 }).toBe('CREDENTIAL_EXPIRED')
    return (await ask()) as CredenceError
  }

  test('[S2-9] [B-8] the address of an expired credential leads its owner over the team’s site to the same id; another account is asked about', async () => {
    const { reconnectUrl = '' } = await expire()
    const visitor = await walk.visit({ width: 390 })
    const page = await visitor.open(reconnectUrl)
    await page.getByRole('heading', { name: 'Reconnect Acme CRM' }).waitFor()
    expect(await page.locator('.lead').textContent()).toContain('“Sales”')
    await lookAt(page, 'reconnect')
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page, { account: 'bea' })

    await page.getByRole('heading', { name: 'Another account?' }).waitFor()
    expect(await page.locator('.prose').textContent()).toMatch(/connected as ann@example\.com\. You signed in as bea@example\.com/)
    await lookAt(page, 'question-account')
    await page.getByRole('button', { name: 'Sign in again' }).click()
    await visitor.context.clearCookies({ domain: 'login.acme.example' })
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)

    expect(await atTeam(page, walk.team)).toBe(`Connected: ${id}`)
    expect((await walk.ann.fetch(id, '/contacts')).status).toBe(200)
    expect(await walk.ann.credentials.get(id)).toMatchObject({ status: 'active', account: { name: 'ann@example.com' }, label: 'Sales' })
    await visitor.leave()
  })

  test('[S2-9] [B-8] opened by somebody else the address says nothing, and ends in nothing', async () => {
    const { credence, platform } = walk.journey
    const visitor = await walk.visit({ user: 'id:mallory' })
    const page = await visitor.open(`${platform.public}/r/${id}`)
    expect(await atTeam(page, walk.team)).toBe('Refused: NOT_FOUND')
    await credence.project.update({ reconnectUrl: '' })
    await page.goto(`${platform.public}/r/${id}`)
    await page.getByRole('heading', { name: 'Connect again' }).waitFor()
    await lookAt(page, 'reconnect-ask')
    await page.goto(`${platform.public}/r/cred_${'0'.repeat(26)}`)
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor()
    await lookAt(page, 'nothing-here')
    await credence.project.update({ reconnectUrl: walk.team.reconnectUrl })
    await visitor.leave()
  })

  test('[S2-9] [B-8] with `code` the address tells nothing of the credential, and is worth nothing without the digits', async () => {
    const { credence, platform } = walk.journey
    await credence.project.update({ confirm: 'code' })
    const visitor = await walk.visit({ width: 390 })
    const page = await visitor.open(`${platform.public}/r/${id}`)
    const tellsNothing = async (of: Page): Promise<void> => expect(await of.locator('main').textContent()).not.toMatch(/Sales|ann@/)
    await tellsNothing(page)
    await lookAt(page, 'reconnect-code')
    await page.getByRole('button', { name: 'Start' }).click()
    await page.getByRole('button', { name: /^Continue to/ }).waitFor()
    await tellsNothing(page)
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)
    const code = (await page.locator('#digits').getAttribute('data-code')) ?? ''
    // The backend that gets the digits did not start the session, and knows no id of it.
    const answer = await fetch(`${platform.admin}/v1/sessions/complete`, {
      method: 'POST',
      headers: { authorization: `Bearer ${platform.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ code, user: USER }),
    })
    expect(await answer.json()).toMatchObject({ session: { state: 'connected' }, credential: { id } })
    await page.getByRole('heading', { name: 'Acme CRM is connected' }).waitFor()
    await credence.project.update({ confirm: 'host' })
    await visitor.leave()
  })
})

function codeOf(answer: unknown): string {
  return answer instanceof CredenceError ? answer.code : 'answered'
}
