import { createCredence } from '@credence/sdk'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { provideSignIn, signIn } from '../../support/conversation.ts'
import { atReturn, confirmAt, factOf, fields, leaksOf, provide, RETURN_URL, type Scene, settle, startScene } from '../../support/scene.ts'

const SECRETS = { created: 'canary-created-40c1b7e2', replaced: 'canary-replaced-9ad2f655', typed: 'canary-typed-d3318c07' }

let scene: Scene
const answers: string[] = []
beforeAll(async () => {
  scene = await startScene()
}, 120_000)
afterAll(() => scene.close())

const bearer = { type: 'BEARER', fields: fields('token*') }

async function created(secret: string): Promise<string> {
  const provider = await provide(scene, bearer)
  const credential = await scene.ann.credentials.create({ providerId: provider.id, fields: { token: secret } })
  answers.push(JSON.stringify(credential))
  return credential.id
}

test('[S2-14] [S2-1] every way in seals before it stores: no file, fact, page or answer holds what was sent', async () => {
  const id = await created(SECRETS.created)
  answers.push(JSON.stringify(await scene.ann.credentials.replaceSecret(id, { fields: { token: SECRETS.replaced } })))
  const provider = await provide(scene, bearer)
  const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
  const form = await scene.person.open(link)
  const end = await settle(scene, await scene.person.submit(form, { 'field.token': SECRETS.typed }, { stopAt: atReturn }))
  const typed = await confirmAt(scene, session.id, end)
  for (const [one, secret] of [
    [id, SECRETS.replaced],
    [typed, SECRETS.typed],
  ] as const) {
    expect((await scene.ann.fetch(one, '/x')).status).toBe(200)
    expect(scene.api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${secret}`)
    answers.push(JSON.stringify(await scene.ann.credentials.get(one)))
    await factOf(scene, 'credential.connected', one)
  }
  expect(await leaksOf(scene, SECRETS, { answers: answers.join('\n') })).toEqual([])
})

test('[C-3] [S2-8] a grant is refreshed ahead of its end by the schedule, without a call', async () => {
  const provider = await provideSignIn(scene)
  scene.login.behave({ endpoint: 'token', expiresInS: 4, times: 1 })
  const { session, link } = await scene.ann.sessions.create({ providerId: provider.id, returnUrl: RETURN_URL })
  const id = await confirmAt(scene, session.id, await signIn(scene, link))
  const called = scene.api.requests.length
  await factOf(scene, 'credential.refreshed', id)
  expect(scene.api.requests).toHaveLength(called)
  expect((await scene.ann.fetch(id, '/x')).status).toBe(200)
})

test('[C-2] a subscriber that was away goes on behind the last fact that it had', async () => {
  const first = await created(SECRETS.created)
  const { cursor } = await factOf(scene, 'credential.created', first)
  const missed = await created(SECRETS.created)
  await factOf(scene, 'credential.connected', missed)
  const back = createCredence({ apiUrl: scene.platform.admin, proxyUrl: scene.platform.data, key: scene.key })
  const heard: string[] = []
  for await (const event of back.events.list({ from: cursor ?? '' })) heard.push(`${event.type} ${event.subject}`)
  expect(heard.filter((one) => one.endsWith(missed)).some((one) => one.includes('credential.created'))).toBe(true)
  expect(heard.filter((one) => one.endsWith(first)).some((one) => one.includes('credential.created'))).toBe(false)
})

test('[C-4] what one service stored is listed page by page, each once, whatever holds it', async () => {
  const made = new Set<string>()
  for (let at = 0; at < 5; at++) made.add(await created(SECRETS.created))
  const seen: string[] = []
  for await (const { id } of scene.ann.credentials.list({ pageSize: 2 })) seen.push(id)
  expect(new Set(seen).size).toBe(seen.length)
  expect([...made].filter((id) => !seen.includes(id))).toEqual([])
})
