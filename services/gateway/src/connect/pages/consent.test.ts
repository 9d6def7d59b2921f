import { describe, expect, test } from 'vitest'
import { renderChoice, renderConsent } from './index.ts'
import { inputNamed, opened, wordsOf } from './test/read-page.ts'
import { choice, consent, plainField } from './test/sample-views.ts'

const page = renderConsent(consent)
const boxes = opened(page, 'input').filter(({ attributes }) => attributes.get('type') === 'checkbox')

describe('permissions', () => {
  test('[S1-7] a required permission is ticked, cannot be unticked, and says so', () => {
    const [required, ...others] = boxes.map(({ attributes }) => attributes)
    expect([required?.get('value'), required?.has('checked'), required?.has('disabled')]).toEqual(['default', true, true])
    expect(others.map((one) => one.has('disabled'))).toEqual([false, false])
    expect(wordsOf(page).match(/Required, cannot be unticked/g)).toHaveLength(1)
  })

  test('[S1-7] a required permission stays ticked even if the view says otherwise', () => {
    const scopes = consent.scopes.map((scope) => ({ ...scope, ticked: false }))
    expect(renderConsent({ ...consent, scopes }).match(/ checked/g)).toHaveLength(1)
  })

  test('[S1-7] labels and descriptions are shown, and the description is read with its box', () => {
    const words = wordsOf(page)
    for (const { name, description = '' } of consent.scopes) {
      expect(words).toContain(name)
      expect(words).toContain(description)
    }
    for (const { attributes } of boxes) expect(attributes.get('aria-describedby')).toBe(`${attributes.get('id')}-about`)
  })

  test('a provider without permissions to choose shows no empty list', () => {
    expect(renderConsent({ ...consent, scopes: [] })).not.toContain('<fieldset')
  })
})

describe('the way to the provider', () => {
  test('[S2-7] asks for account fields and permissions only, never for a client or an address', () => {
    const page = renderConsent({ ...consent, fields: [{ ...plainField, name: 'field.shop' }] })
    const names = new Set(opened(page, 'input').map(({ attributes }) => attributes.get('name')))
    expect(names).toEqual(new Set(['csrf', 'field.shop', 'scope']))
  })

  test('[S2-7] without a script the form leads there in this window', () => {
    const form = opened(page, 'form').find(({ attributes }) => attributes.get('id') === 'consent')
    expect(form?.attributes.get('action')).toBe(consent.action)
    expect(form?.attributes.has('target')).toBe(false)
  })

  test('[S2-7] for a blocked or closed pop-up there is a way in this window', () => {
    const here = opened(page, 'button').filter(({ attributes }) => attributes.get('formtarget') === '_self')
    expect(here.map(({ text }) => text.trim())).toEqual(['Continue in this window', 'Continue in this window'])
    expect(opened(page, 'button').map(({ text }) => text.trim())).toContain('Open the window again')
  })

  test('[S2-7] says where the person signs in and that the password stays there', () => {
    expect(wordsOf(page)).toMatch(/You sign in at\s+app\.asana\.com\s*\. Your password stays there/)
  })

  test('a sign-in host that a field decides is named by the provider', () => {
    const words = wordsOf(renderConsent({ ...consent, signInHost: '{shop}.myshopify.com' }))
    expect(words).not.toContain('{shop}')
    expect(words).toContain('Continue to Asana')
  })

  test('plain fields keep their value when they are asked again', () => {
    const page = renderConsent({ ...consent, fields: [{ ...plainField, value: 'acme', problem: 'No such shop.' }] })
    expect(inputNamed(page, plainField.name).attributes.get('value')).toBe('acme')
    expect(wordsOf(page)).toContain('No such shop.')
  })
})

test('[S1-7] the choice names each pattern, explains it, and has the first one ready', () => {
  const page = renderChoice(choice)
  const radios = opened(page, 'input').filter(({ attributes }) => attributes.get('type') === 'radio')
  expect(radios.map(({ attributes }) => [attributes.get('value'), attributes.has('checked')])).toEqual([
    ['0', true],
    ['1', false],
  ])
  const words = wordsOf(page)
  expect(words).toContain('Sign in with Asana')
  expect(words).toContain('From the developer console. You paste it here.')
})
