import type { RecipeStep } from '@credence/provider/renewal'
import { seededRandom } from '@credence/testkit'
import { expect, test } from 'vitest'
import { recipeWith } from '../../test/connecting.ts'
import { stepRequest } from './step-request.ts'

/** The request as it will stand on the wire. */
function wire(request: object, values: Readonly<Record<string, string>>): { url: string; headers: Record<string, string>; body?: string } {
  const first = { name: 'first', request: { url: 'https://a.example/' }, extract: { id: '/id' } }
  const step = { name: 'second', request, extract: { access_token: '/t' } }
  const fields = ['user', 'pass'].map((field_name) => ({ field_name }))
  const recipe = recipeWith({ type: 'CUSTOM', fields, steps: [first, step] })
  const declared = recipe.renewal?.kind === 'steps' ? recipe.renewal.steps[1] : undefined
  const bytes = new Map(Object.entries(values).map(([name, text]) => [name, Buffer.from(text)]))
  const made = stepRequest(declared as RecipeStep, { recipe, plain: {}, values: bytes, random: seededRandom(1) })
  const swapped = (text: string): string =>
    made.secrets.reduce((all, { placeholder, bytes: secret }) => all.replaceAll(placeholder, secret.toString()), text)
  const whole = {
    url: swapped(made.url),
    headers: Object.fromEntries(made.headers.map(([name, value]) => [name, swapped(value)])),
    ...(made.body === undefined ? {} : { body: made.body.toString() }),
  }
  for (const secret of Object.values(values)) expect(`${made.url}${JSON.stringify(made.headers)}`).not.toContain(secret)
  made[Symbol.dispose]()
  expect(made.secrets.every(({ bytes: secret }) => secret.every((byte) => byte === 0))).toBe(true)
  expect(made.body?.every((byte) => byte === 0) ?? true).toBe(true)
  return whole
}

const VALUES = { user: 'ann&bo', pass: 'a"b\\c<d>' }

test('[S0-10] values are written as their place wants them: form, JSON, XML, header, query', () => {
  const form = wire({ url: 'https://a.example/x', form: { u: '{{user}}', p: 'x={{pass}}' } }, VALUES)
  expect(form.body).toBe('u=ann%26bo&p=x%3Da%22b%5Cc%3Cd%3E')
  expect(form.headers['content-type']).toBe('application/x-www-form-urlencoded')
  const json = wire({ url: 'https://a.example/x', json: { u: ['{{user}}', 1, null, true], 'a"b': 'p {{pass}}' } }, VALUES)
  expect(JSON.parse(json.body ?? '')).toEqual({ u: ['ann&bo', 1, null, true], 'a"b': 'p a"b\\c<d>' })
  const xml = { url: 'https://a.example/x', headers: { 'Content-Type': 'text/xml' }, body: '<p>{{pass}}</p>' }
  expect(wire(xml, VALUES)).toMatchObject({ body: '<p>a&quot;b\\c&lt;d&gt;</p>', headers: { 'content-type': 'text/xml' } })
  const rest = wire({ url: 'https://a.example/x?v=1', query: { u: '{{user}}' }, headers: { 'X-Key': 'k {{pass}}', 'X-V': '2' } }, VALUES)
  expect(rest.url).toBe('https://a.example/x?v=1&u=ann%26bo')
  expect(rest.headers).toMatchObject({ 'x-key': 'k a"b\\c<d>', 'x-v': '2', accept: 'application/json', 'accept-encoding': 'identity' })
  expect(rest.body).toBeUndefined()
})

test('[S0-10] [B-3] a result in a path is one segment, whatever it holds', () => {
  expect(wire({ url: 'https://a.example/users/{{id}}/token' }, { id: 'a/../b?c' }).url).toBe('https://a.example/users/a%2F..%2Fb%3Fc/token')
  for (const id of ['.', '..']) expect(() => wire({ url: 'https://a.example/users/{{id}}/token' }, { id })).toThrow('climb')
})

test('[S0-10] a field that was left empty leaves its place empty', () => {
  expect(wire({ url: 'https://a.example/x', form: { u: '{{user}}' } }, {}).body).toBe('u=')
})
