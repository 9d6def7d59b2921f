import { readFileSync } from 'node:fs'
import { CodedError } from '@credence/errors'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const CANARY = 'canary-verify-5e1a'

describe('verifying before connecting', () => {
  let platform: Platform
  let freshdesk: string
  let browser: Browser

  beforeAll(async () => {
    platform = await Platform.start()
    freshdesk = platform.fakes.addProvider(payload('freshdesk'))
  })
  afterAll(() => platform.stop())
  beforeEach(() => {
    browser = new Browser(platform.publicUrl)
    platform.fakes.connects.length = 0
    platform.fakes.destroyed.length = 0
    platform.fakes.connectError = undefined
    platform.fakes.account = { id: 'acc-1', name: 'ann' }
  })

  const open = (body: object = {}) => platform.session({ provider_id: freshdesk, confirm: 'code', ...body })
  const good = { 'field.domain': 'acme.freshdesk.com', 'field.username': CANARY }

  test('[S2-15] a failed check leads back to the form with its cause, plain fields kept and secret ones empty', async () => {
    platform.fakes.verdicts.push({ verdict: 'failed', cause: 'key_wrong', sentence: 'The key was not accepted.' })
    const { path } = await open()
    await browser.post(`${path}/secret`, good)
    const page = await browser.get(path)
    expect(page.text).toContain('The key was not accepted.')
    expect(page.text).toContain('value="acme.freshdesk.com"')
    expect(page.text).not.toContain(CANARY)
    expect(platform.fakes.destroyed).toHaveLength(1)
    await browser.post(`${path}/secret`, good)
    expect((await browser.get(path)).text).toMatch(/\b\d{6}\b/)
  })

  test('[S1-4] an empty required field is named beside its input, and nothing is sealed', async () => {
    const before = platform.fakes.seals.length
    const { path } = await open()
    await browser.post(`${path}/secret`, { 'field.domain': 'acme.freshdesk.com', 'field.username': '' })
    expect((await browser.get(path)).text).toContain('Fill in API Key.')
    expect(platform.fakes.seals).toHaveLength(before)
  })

  test('[S2-14] a value that the vault refuses is named by its field and never shown', async () => {
    const { path } = await open()
    await browser.post(`${path}/secret`, { ...good, 'field.username': `${CANARY}\nX-Other: 1` })
    const page = await browser.get(path)
    expect(page.text).toContain('Remove the line break.')
    expect(page.text).not.toContain(CANARY)
  })

  test('[S2-15] when the provider is down the person may keep it as unverified', async () => {
    platform.fakes.verdicts.push({ verdict: 'undecided', cause: 'provider_down', sentence: 'Freshdesk did not answer.' })
    const { id, path } = await open()
    await browser.post(`${path}/secret`, good)
    expect((await browser.get(path)).text).toContain('Freshdesk did not answer.')
    await browser.post(`${path}/answer`, { answer: 'yes' }, { from: path })
    const digits = /\b(\d{6})\b/.exec((await browser.get(path)).text)?.[1] ?? ''
    expect((await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code: digits } })).status).toBe(200)
    expect(platform.fakes.connects).toMatchObject([{ verified: false }])
  })

  test('[S2-15] when the provider is down the person may also try again, and nothing stays', async () => {
    platform.fakes.verdicts.push({ verdict: 'undecided', cause: 'throttled', sentence: 'Too many.' })
    const { path } = await open()
    await browser.post(`${path}/secret`, good)
    await browser.post(`${path}/answer`, { answer: 'no' }, { from: path })
    expect((await browser.get(path)).text).toContain('Freshdesk Domain')
    expect(platform.fakes.destroyed).toHaveLength(1)
  })

  test('[S2-9] reconnecting as another account is asked about before it is confirmed', async () => {
    const first = await platform.api('POST', '/v1/credentials', {
      user: 'id:ann',
      body: { provider_id: freshdesk, fields: { domain: 'acme.freshdesk.com', username: CANARY } },
    })
    const credentialId = String(first.body.id)
    platform.fakes.account = { id: 'acc-2', name: 'bob' }
    const { id, path } = await open({ credential_id: credentialId })
    await browser.post(`${path}/secret`, good)
    expect((await browser.get(path)).text).toMatch(/connected as ann[\s\S]*signed in as bob/)
    await browser.post(`${path}/answer`, { answer: 'yes' }, { from: path })
    const digits = /\b(\d{6})\b/.exec((await browser.get(path)).text)?.[1] ?? ''
    const done = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code: digits } })
    expect((done.body.credential as { id: string }).id).toBe(credentialId)
    expect(platform.fakes.connects.at(-1)).toMatchObject({ credentialId, confirmAccountChange: true })
  })

  test('[S2-15] a form that is sent twice at once seals once', async () => {
    const before = platform.fakes.seals.length
    const { path } = await open()
    const csrf = await browser.csrf(path)
    await browser.post(`${path}/secret`, { ...good, 'field.domain': '' }, { csrf })
    await Promise.all([1, 2, 3].map(() => browser.post(`${path}/secret`, good, { csrf })))
    expect(platform.fakes.seals.length - before).toBe(1)
  })

  test('[B-8] a confirmed session whose registry was away is finished by the sweeper', async () => {
    platform.fakes.connectError = new CodedError('UNAVAILABLE')
    const { id, path } = await open()
    await browser.post(`${path}/secret`, good)
    const digits = /\b(\d{6})\b/.exec((await browser.get(path)).text)?.[1] ?? ''
    const answer = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code: digits } })
    expect(answer.status).toBe(503)
    platform.fakes.connectError = undefined
    await expect
      .poll(async () => {
        await platform.clock.advance(20_000)
        return (await platform.api('GET', `/v1/sessions/${id}`)).body.state
      })
      .toBe('connected')
    expect(platform.fakes.connects).toHaveLength(1)
  })

  test('[S2-14] no secret value stands in a log line, an event or the database', async () => {
    const docs = readFileSync(platform.file).toString('latin1')
    for (const sink of [platform.lines.join(''), JSON.stringify(platform.facts), docs]) expect(sink).not.toContain(CANARY)
  })
})
