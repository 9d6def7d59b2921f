import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser } from './browser.ts'
import { payload } from './fake-services.ts'
import { Platform } from './platform.ts'

const CANARY = 'canary-4f1c9e77d2'

describe('connecting with a form', () => {
  let platform: Platform
  let bearer: string
  let browser: Browser

  beforeAll(async () => {
    platform = await Platform.start()
    bearer = platform.fakes.addProvider(payload('bearer'))
  })
  afterAll(() => platform.stop())
  beforeEach(() => {
    browser = new Browser(platform.publicUrl)
    platform.fakes.project = { ...platform.fakes.project, confirm: 'host' }
  })

  const host = { confirm: 'host', return_url: 'https://app.example/done' }

  test('[S1-4] the form asks for what the payload says and seals what was typed', async () => {
    const { path } = await platform.session({ provider_id: bearer, ...host })
    const page = await browser.get(path)
    expect(page.text).toContain('Bearer Token')
    expect(page.text).toContain('type="password"')
    const answer = await browser.post(`${path}/secret`, { 'field.token': CANARY })
    expect([answer.status, answer.location]).toEqual([303, path])
    expect(platform.fakes.seals.at(-1)?.secretFields.token?.toString()).toBe(CANARY)
    expect(platform.fakes.connects).toEqual([])
  })

  test('[B-8] nothing is connected before the host confirmed with the code of the return address', async () => {
    const { id, path } = await platform.session({ provider_id: bearer, ...host })
    await browser.post(`${path}/secret`, { 'field.token': CANARY })
    const onward = new URL((await browser.get(`${path}/continue`)).location)
    expect(onward.origin + onward.pathname).toBe('https://app.example/done')
    expect(onward.searchParams.get('credence_session')).toBe(id)
    const code = onward.searchParams.get('credence_code') ?? ''
    const wrong = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code: 'guess' } })
    expect([wrong.status, wrong.body.code]).toEqual([400, 'CONFIRMATION_WRONG'])
    const right = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code } })
    expect(right.status).toBe(200)
    expect((right.body.session as { state: string }).state).toBe('connected')
    const again = await platform.api('POST', `/v1/sessions/${id}/complete`, { user: 'id:ann', body: { code } })
    expect(again.status).toBe(200)
    expect(platform.fakes.connects).toHaveLength(1)
  })
})
