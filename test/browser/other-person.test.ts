import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { providerOf, USER } from '../support/journey.ts'
import { SECRETS } from '../support/world.ts'
import { atTeam, connectedAt, lookAt, signInAtProvider, startWalk, type Walk } from './walk.ts'

const MALLORY = 'id:mallory'

describeInBrowser('a connect link and somebody else', () => {
  let walk: Walk
  beforeAll(async () => {
    walk = await startWalk()
  }, 180_000)
  afterAll(() => walk?.close())

  test('[B-8] opened in a second browser nothing happens, and the first one still works', async () => {
    const [ann, mallory] = [await walk.visit(), await walk.visit({ user: MALLORY })]
    const { session, link } = await walk.session({ providerId: providerOf(walk.journey, 'acme') })
    const page = await ann.open(link)
    const [other] = await Promise.all([ann.context.waitForEvent('page'), page.getByRole('button', { name: /^Continue to/ }).click()])
    await other.getByLabel('Account').waitFor()

    for (const address of [link, `${link}/continue`, link.replace(/[^/]+$/, session.id)]) {
      const page = await mallory.open(address)
      await page.getByRole('heading', { name: /^Nothing h/ }).waitFor()
      expect(await page.getByRole('button').count()).toBe(0)
      if (address === link) await lookAt(page, 'elsewhere')
    }
    expect(walk.team.outcomes).toEqual([])
    expect((await walk.ann.sessions.get(session.id)).state).toBe('at_provider')

    await signInAtProvider(other)
    await connectedAt(page, walk.team)
    await ann.leave()
    await mallory.leave()
  })

  test('[B-8] sent to Ann by Mallory as his own it ends at the team, which knows that she is not he', async () => {
    const ann = await walk.visit({ width: 390 })
    const mallory = walk.journey.credence.forUser(MALLORY)
    const { session, link } = await mallory.sessions.create({
      providerId: providerOf(walk.journey, 'acme'),
      returnUrl: walk.team.returnUrl,
    })
    const page = await ann.open(link)
    await page.getByRole('button', { name: /^Continue to/ }).click()
    await signInAtProvider(page)
    expect(await atTeam(page, walk.team)).toBe('Refused: CONFIRMATION_WRONG')
    expect((await mallory.sessions.get(session.id)).state).toBe('unconfirmed')
    for await (const credential of mallory.credentials.list()) expect.fail(`${credential.id} is usable`)
    await ann.leave()
  })

  test('[B-8] with `code` the six digits of the end page connect, and wrong ones do not', async () => {
    const visitor = await walk.visit()
    const { session, link } = await walk.session({
      providerId: providerOf(walk.journey, 'bearer'),
      confirm: 'code',
      returnUrl: undefined,
    })
    const page = await visitor.open(link)
    await page.getByLabel('Bearer Token').fill(SECRETS.bearer)
    await page.getByRole('button', { name: 'Connect' }).click()
    const code = (await page.locator('#digits').getAttribute('data-code')) ?? ''
    expect(code).toMatch(/^\d{6}$/)
    await lookAt(page, 'end-code')
    const { credence } = walk.journey
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
    await expect(credence.sessions.complete(session.id, { code: wrong, user: USER })).rejects.toMatchObject({ code: 'CONFIRMATION_WRONG' })
    await expect(credence.sessions.complete(session.id, { code, user: MALLORY })).rejects.toMatchObject({ code: 'CONFIRMATION_WRONG' })
    expect((await walk.ann.sessions.get(session.id)).state).toBe('unconfirmed')

    // People send them as they read them.
    await credence.sessions.complete(session.id, { code: `${code.slice(0, 3)} ${code.slice(3)}`, user: USER })
    await page.getByRole('heading', { name: 'My Bearer Token Provider is connected' }).waitFor()
    await visitor.leave()
  })

  test('[B-8] after three wrong codes it is over, and the page says so', async () => {
    const visitor = await walk.visit()
    const { session, link } = await walk.session({ providerId: providerOf(walk.journey, 'bearer'), confirm: 'code', returnUrl: undefined })
    const page = await visitor.open(link)
    await page.getByLabel('Bearer Token').fill(SECRETS.bearer)
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.locator('#digits').waitFor()
    for (let tries = 0; tries < 3; tries++) {
      const guess = walk.journey.credence.sessions.complete(session.id, { code: 'not it', user: USER })
      await expect(guess).rejects.toMatchObject({ code: 'CONFIRMATION_WRONG' })
    }
    await page.getByText('The code that came back was wrong three times.').waitFor()
    await lookAt(page, 'failed-code')
    expect((await walk.ann.sessions.get(session.id)).state).toBe('failed')
    await visitor.leave()
  })
})
