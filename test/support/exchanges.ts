import { readdirSync } from 'node:fs'
import type { Credence } from '@credence/sdk'
import { searchForCanaries } from '@credence/testkit'
import { expect } from 'vitest'
import type { Scene } from './scene.ts'

interface Declared {
  readonly type: string
  readonly display_name: string
  readonly fields: readonly object[]
  readonly steps: readonly {
    readonly name: string
    readonly request: object
    readonly extract: object
    readonly [member: string]: unknown
  }[]
}

/** A sign-in of two calls, and the API that takes what it gives: a pattern of type CUSTOM. */
export const TWO_STEPS: Declared = {
  type: 'CUSTOM',
  display_name: 'User name and password',
  fields: [
    { field_name: 'username', label: 'User name', required: true },
    { field_name: 'password', label: 'Password', input_type: 'password', required: true },
  ],
  steps: [
    {
      name: 'sign_in',
      request: { url: 'https://login.steps.example/session', json: { user: '{{username}}', password: '{{password}}' } },
      on: { 401: { fail: 'The user name or the password is wrong.' } },
      extract: { ticket: '/ticket', account: '/account', csrf: 'header:X-CSRF' },
    },
    {
      name: 'token',
      request: {
        url: 'https://login.steps.example/accounts/{{account}}/token',
        headers: { 'X-CSRF': '{{csrf}}' },
        form: { ticket: '{{ticket}}' },
      },
      expect: [201],
      extract: { access_token: '/data/token' },
      expires_in: '/data/expires_in',
    },
  ],
}

/** The plan's own verify call, at the mock API. */
export const VERIFY: object = { verify: { path: '/me' } }

/** Nothing of these stands in what the platform printed, told, answered, or wrote where it keeps its data. */
export async function expectNowhere(scene: Scene, secrets: Readonly<Record<string, string>>, texts: readonly string[] = []): Promise<void> {
  const { stdout, stderr } = scene.platform.printed()
  const events = JSON.stringify(scene.events)
  const answers = texts.join('\n')
  expect(readdirSync(scene.home).length).toBeGreaterThan(0)
  expect(await searchForCanaries({ folders: [scene.home], texts: { stdout, stderr, events, answers }, secrets })).toEqual([])
}

/** Waits until the token-refresher knows of it: what failed before that is history to it, and judged at the next failure. */
export async function untilPlanned(owner: Credence, credentialId: string): Promise<void> {
  const state = (): Promise<string> =>
    owner.credentials.plan(credentialId).then(
      (plan) => plan.state ?? '',
      () => '',
    )
  await expect.poll(state, { timeout: 30_000, interval: 50 }).toBe('planned')
}
