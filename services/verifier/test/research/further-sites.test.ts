import { furtherSites } from '@credence/testkit/doc-sites'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { payloadOf, type ResearchScene, startResearchScene } from './scene.ts'

let scene: ResearchScene

beforeAll(async () => {
  scene = await startResearchScene(furtherSites())
})
afterAll(async () => {
  await scene.close()
})

test('[S2-12] a version that every request has to name is in the payload, with the page that said it', async () => {
  const report = await scene.run('mapleindex.example')
  expect(payloadOf(report)).toMatchObject({
    auth_patterns: [{ type: 'BEARER', headers: [{ name: 'Maple-Version', value: '2022-06-28' }] }],
    verify: { method: 'GET', path: '/users/me' },
  })
  expect(report.facts).toContainEqual(expect.objectContaining({ pointer: '/auth_patterns/0/headers/0/value', confidence: 'high' }))
})

test('[S2-12] [B-14] an access that a program fetches by itself becomes client credentials, with what there is to copy', async () => {
  const report = await scene.run('nettlework.example')
  expect(payloadOf(report).auth_patterns).toMatchObject([
    {
      type: 'OAUTH',
      fields: [{ field_name: 'client_id' }, { field_name: 'client_secret', input_type: 'password' }],
      oauth_config: { grant_type: 'client_credentials', token_uri: 'https://id.nettlework.example/connect/token' },
    },
  ])
  expect(report.steps.map(({ text }) => text).join('\n')).toMatch(/client id and its client secret/)
})

test('[S2-12] an ending of the user name is put there, and is not asked of the person', async () => {
  expect(payloadOf(await scene.run('orchidhelp.example')).auth_patterns).toMatchObject([
    { type: 'BASIC', auth_field_mutations: { username: { suffix: '/token' } } },
  ])
})

test('[S2-12] a document of OpenAPI is found where frameworks put it', async () => {
  expect(payloadOf(await scene.run('pinewood.example'))).toMatchObject({
    auth_patterns: [{ type: 'BEARER' }],
    verify: { path: '/api/users/me' },
  })
})

test('[S2-12] [S2-13] pages in a language and a charset of their own are read as people read them', async () => {
  const report = await scene.run('ryabina.example')
  expect(payloadOf(report).auth_patterns).toMatchObject([{ type: 'API_KEY', auth_header_key_override: 'X-Ryabina-Key' }])
  expect(report.steps.map(({ text }) => text).join('\n')).toContain('Настройки → API ключи')
})

test('[S2-12] where no word is known, some pages are tried, and no more than some', async () => {
  expect(payloadOf(await scene.run('sequoiq.example')).auth_patterns).toMatchObject([{ auth_header_key_override: 'X-Sequoiq-Key' }])
  const asked = scene.sites.asked.filter(({ host }) => host === 'sequoiq.example')
  expect(asked.length).toBeLessThanOrEqual(30)
})

test('[S2-12] an old version that was shut down does not win, however many samples it has', async () => {
  expect(payloadOf(await scene.run('tamarack.example'))).toMatchObject({
    auth_patterns: [{ type: 'BEARER' }],
    proxy_url: 'https://api.tamarack.example/v3',
  })
})

test('[S2-12] a page that only sends its readers on is followed', async () => {
  expect(payloadOf(await scene.run('umbrellapine.example')).auth_patterns).toMatchObject([{ auth_header_key_override: 'X-Umbrella-Key' }])
})
