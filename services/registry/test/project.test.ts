import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, Platform } from './platform.ts'

let platform: Platform

beforeAll(async () => {
  platform = await Platform.start()
})
afterAll(() => platform.stop())

const update = (project: Record<string, unknown>) => platform.caller(platform.firstKey).updateProject({ project })

describe('the settings of a project', () => {
  test('are taken whole: what is left out is gone', async () => {
    const settings = {
      name: 'Shop',
      returnUrls: ['https://shop.example/done?x=1', 'http://127.0.0.1:3000/done'],
      origins: ['https://shop.example', 'http://localhost:3000'],
      confirm: 'code',
      reconnectUrl: 'https://shop.example/reconnect',
      consoleIssuer: { issuer: 'https://login.example', clientId: 'console' },
    }
    const { project } = await update(settings)
    expect(project).toMatchObject(settings)
    const { project: bare } = await update({ confirm: 'login' })
    expect(bare).toMatchObject({ name: 'Shop', returnUrls: [], origins: [], confirm: 'login', reconnectUrl: '' })
    expect(bare?.consoleIssuer).toBeUndefined()
    expect((await platform.caller(platform.firstKey).getProject({})).project).toEqual(bare)
  })

  test('with addresses that a browser or a stranger could bend are refused, each with its pointer', async () => {
    const refused = await update({
      returnUrls: [
        'https://ok.example/',
        'http://shop.example/',
        'https://user:pw@shop.example/',
        'javascript:alert(1)',
        'https://a.example/#x',
      ],
      origins: ['https://shop.example/', 'https://shop.example/path', 'http://127.0.0.1.evil.example', 'null', 'https://SHOP.example'],
      confirm: 'trust',
      reconnectUrl: 'ftp://shop.example/',
      consoleIssuer: { issuer: 'http://login.example', clientId: '' },
    }).catch((error: unknown) => error)
    const { faults } = (refused as { details: { faults: { pointer: string }[] } }).details
    expect(faults.map(({ pointer }) => pointer)).toEqual([
      ...[1, 2, 3, 4].map((i) => `/return_urls/${i}`),
      ...[0, 1, 2, 3, 4].map((i) => `/origins/${i}`),
      '/confirm',
      '/reconnect_url',
      '/console_issuer/issuer',
      '/console_issuer/client_id',
    ])
  })

  test('of the first project are read by a service that names none', async () => {
    const { project } = await platform.as('gateway').getProject({})
    expect(project?.id).toBe(platform.project)
  })

  test('are changed only with the scope for it, and only those of the own project', async () => {
    const { secret } = await platform.caller(platform.firstKey).createKey({ role: 'member' })
    expect(await codeOf(platform.caller(secret).updateProject({ project: { confirm: 'none' } }))).toBe('SCOPE_REQUIRED')
    expect(await codeOf(platform.caller(secret).getProject({}))).toBe('no error')
    expect(await codeOf(update({ id: `proj_${'1'.repeat(26)}` }))).toBe('NOT_FOUND')
  })
})
