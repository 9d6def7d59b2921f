import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { announcementJson, announcementText } from './announce.ts'

const addresses = {
  public: 'http://localhost:7400',
  admin: 'http://127.0.0.1:7401',
  data: 'http://127.0.0.1:7402',
  api: '127.0.0.1:7405',
  probes: 'http://127.0.0.1:7420',
}
const running = { addresses, home: '/data', signInLink: async () => '', stop: async () => undefined }
const signIn = 'http://localhost:7401/sign-in/link/x'

test('the first start shows the key and every address', () => {
  const text = announcementText({ running: { ...running, firstKey: 'crd_1' }, signIn, logFile: '/data/credence.log' })
  for (const part of ['crd_1', ...Object.values(addresses), '/data/credence.log', signIn, 'shown this once', '/data/client.json'])
    expect(text).toContain(part)
})

test('the next commands name a folder that is not the usual one', () => {
  expect(announcementText({ running, signIn })).toContain('npm run credence -- --home /data provider catalog')
  expect(announcementText({ running: { ...running, home: resolve('.credence') }, signIn })).toContain(
    'npm run credence -- provider catalog',
  )
})

test('a later start has no key to show', () => {
  expect(announcementText({ running, signIn })).not.toMatch(/admin key|shown this once/)
  expect(announcementJson({ running, signIn })).toEqual({ ...addresses, home: '/data', client_file: '/data/client.json', sign_in: signIn })
})
