import { CredenceError } from '@credence/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser } from '../support/browser.ts'
import { SECRETS } from '../support/world.ts'
import { bearerPayload } from './payloads.ts'
import { lookAt, startWalk, type Walk } from './walk.ts'

const EMAIL = 'canary.identity.61d2@orders.example'
const FACTS = [
  { name: 'email', question: 'Which address do you order with?' },
  { name: 'zip', question: 'To which zip code is it sent?' },
]
const CONSENT = { required: true, purpose: 'Look up your orders and where they are', scopes: ['orders.read'] }

describeInBrowser('the page where a customer answers himself', () => {
  let walk: Walk
  let id = ''
  beforeAll(async () => {
    walk = await startWalk()
    const { credence } = walk.journey
    const { id: providerId } = await credence.providers.create(bearerPayload({ display_name: 'Example Shop' }))
    const secret = { providerId, fields: { token: SECRETS.bearer }, level: 'project' } as const
    const credentialId = (await walk.ann.credentials.create(secret)).id
    const security = { level: 'strict', facts: FACTS, pageOnly: true }
    const wanted = { name: 'Look up an order', providerId, mode: 'full_access', credentialId, security, consent: CONSENT } as const
    id = (await credence.capabilities.create(wanted)).capability.id
  }, 180_000)
  afterAll(() => walk?.close())

  const refused = async (user: string): Promise<CredenceError> => {
    const answer = await walk.journey.credence
      .forUser(user)
      .fetch(id, '/orders/1')
      .catch((error: unknown) => error)
    if (answer instanceof CredenceError) return answer
    throw new TypeError('it was not refused')
  }
  const pageOf = async (user: string): Promise<string> => {
    await walk.journey.credence.identity.records.put([{ user, facts: { email: EMAIL, zip: '94105' } }])
    return (await refused(user)).identity?.pageUrl ?? ''
  }

  test('[S0-13] [S0-14] wrong answers are asked again, the right ones and the consent open the capability, and the agent saw nothing', async () => {
    const { credence } = walk.journey
    const user = 'id:at-the-page'
    const link = await pageOf(user)
    const challenge = link.slice(link.lastIndexOf('/') + 1)
    const byAgent = await credence
      .forUser(user)
      .identity.answer(challenge, { email: EMAIL, zip: '94105' })
      .catch((error: unknown) => error)
    expect((byAgent as CredenceError).errors[0]?.pointer).toBe('/challenge')
    const visitor = await walk.visit()
    const page = await visitor.open(link)
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
    expect(await page.locator('.lead').textContent()).toContain('Example Desk')
    await lookAt(page, 'identity')
    await page.getByLabel(FACTS[0]!.question).fill(EMAIL)
    await page.getByLabel(FACTS[1]!.question).fill('10115')
    await page.getByLabel(CONSENT.purpose).check()
    await page.getByRole('button', { name: 'Confirm' }).click()

    await page.locator('#problem').waitFor()
    expect(await page.locator('#problem').textContent()).toContain('which one was wrong is not told')
    expect(await page.content()).not.toContain(EMAIL)
    expect(await page.locator('.promises').textContent()).toContain('2 times')
    await lookAt(page, 'identity-refused')
    await page.getByLabel(FACTS[0]!.question).fill(EMAIL.toUpperCase())
    await page.getByLabel(FACTS[1]!.question).fill('94105-0001')
    await page.getByLabel(CONSENT.purpose).check()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByRole('heading', { name: 'Thank you, that is right' }).waitFor()
    await lookAt(page, 'identity-done')
    expect((await credence.forUser(user).fetch(id, '/orders/1')).status).toBe(200)
    for await (const consent of credence.consents.list({ user })) {
      expect(consent).toMatchObject({ state: 'given', how: 'page', purpose: CONSENT.purpose, givenBy: consent.user })
    }
    // The address was good for one attempt.
    await page.goto(link)
    await page.getByRole('heading', { name: 'This link is used up' }).waitFor()
    await lookAt(page, 'identity-used')
    await visitor.leave()
  })

  test('[S0-13] without scripts, on a phone, until the last attempt: then nothing is taken', async () => {
    const visitor = await walk.visit({ width: 390, scripts: false })
    const page = await visitor.open(await pageOf('id:guessing'))
    for (const left of ['2 times', 'once more', '']) {
      await page.getByLabel(FACTS[0]!.question).fill('somebody@else.example')
      await page.getByLabel(FACTS[1]!.question).fill('00000')
      await page.getByLabel(CONSENT.purpose).check()
      await page.getByRole('button', { name: 'Confirm' }).click()
      // The page before it has the same place, with another number.
      if (left !== '') await page.locator('.promises').filter({ hasText: left }).waitFor()
    }
    await page.getByRole('heading', { name: 'Too many answers did not match' }).waitFor()
    await lookAt(page, 'identity-locked')
    expect((await refused('id:guessing')).code).toBe('IDENTITY_LOCKED')
    await visitor.leave()
  })

  test('[S0-13] a form that is not this browser’s is refused, and no page is ever in a frame', async () => {
    const link = await pageOf('id:framed')
    const answer = await fetch(link)
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const body = new URLSearchParams({ 'field.email': EMAIL, 'field.zip': '94105', consent: 'yes', csrf: 'x' })
    const posted = await fetch(link, { method: 'POST', body, redirect: 'manual' })
    expect(posted.status).toBe(403)
    expect((await refused('id:framed')).identity?.attemptsLeft).toBe(3)
  })
})
