import { describe, expect, test } from 'vitest'
import { renderForm } from './index.ts'
import { inputNamed, opened, wordsOf } from './test/read-page.ts'
import { faulty, form, optionalField, plainField, refused, secretField } from './test/sample-views.ts'

describe('what the form asks', () => {
  const page = renderForm(form)

  test('[S1-4] a field shows its label and hint, and the hint is read with it', () => {
    const { attributes } = inputNamed(page, 'field.domain')
    expect(wordsOf(page)).toContain('Domain')
    expect(wordsOf(page)).toContain('As in acme.freshdesk.com')
    expect(attributes.get('aria-describedby')).toBe(`${attributes.get('id')}-hint`)
  })

  test('[S1-4] a password is masked, and kept out of histories and password lists', () => {
    const { attributes } = inputNamed(page, 'field.token')
    expect([attributes.get('type'), attributes.get('autocomplete'), attributes.get('spellcheck')]).toEqual([
      'password',
      'new-password',
      'false',
    ])
  })

  test('[S1-4] a password can be looked at by a button, which only a script shows', () => {
    const [button] = opened(page, 'button').filter(({ attributes }) => attributes.has('data-reveal'))
    expect(button?.attributes.get('type')).toBe('button')
    expect(button?.attributes.has('hidden')).toBe(true)
    expect(button?.attributes.get('data-reveal')).toBe(inputNamed(page, 'field.token').attributes.get('id'))
  })

  test('[S1-4] required fields are required, and the others say that they are not', () => {
    expect(inputNamed(page, 'field.domain').attributes.has('required')).toBe(true)
    expect(inputNamed(page, 'field.note').attributes.has('required')).toBe(false)
    expect(wordsOf(page).match(/optional/g)).toHaveLength(1)
  })

  test('[S1-4] each input type brings its keyboard, and a bare host is no wrong address', () => {
    const page = renderForm({
      ...form,
      fields: [
        { ...plainField, name: 'field.url', inputType: 'url' },
        { ...plainField, name: 'field.number', inputType: 'number' },
        optionalField,
      ],
    })
    const kind = (name: string): (string | undefined)[] => {
      const { attributes } = inputNamed(page, name)
      return [attributes.get('type'), attributes.get('inputmode')]
    }
    expect(kind('field.url')).toEqual(['text', 'url'])
    expect(kind('field.number')).toEqual(['number', 'decimal'])
    expect(kind('field.note')).toEqual(['email', 'email'])
  })

  test('[S1-4] says who asks, for what, and that nobody can read it again', () => {
    const words = wordsOf(page)
    expect(words).toContain('Acme Assistant asks for access to your Asana account')
    expect(words).toMatch(/Nobody can read them again\s*, not even Acme Assistant/)
    expect(words).toMatch(/used only for calls to\s+app\.asana\.com/)
  })

  test('a host with a field in it is not shown as if it were one', () => {
    const words = wordsOf(renderForm({ ...form, provider: { ...form.provider, host: '{domain}.freshdesk.com' } }))
    expect(words).not.toContain('{domain}')
    expect(words).toContain('the address that you give')
  })
})

describe('after a try that failed', () => {
  test('[S1-4] no secret is ever written back, whatever type it has and whatever the view holds', () => {
    const canary = 'sk_live_canary'
    const fields = (['text', 'password', 'email', 'url', 'number'] as const).map((inputType) => ({
      ...secretField,
      name: `field.${inputType}`,
      inputType,
      value: canary,
    }))
    const plainPassword = { ...secretField, name: 'field.declared_plain', secret: false, value: canary }
    const page = renderForm({ ...refused, fields: [...fields, plainPassword] })
    expect(page).not.toContain(canary)
    for (const { name } of fields) expect(inputNamed(page, name).attributes.has('value')).toBe(false)
  })

  test('[S1-4] plain values are kept, the cause stands above, and the empty secret has the focus', () => {
    const page = renderForm(refused)
    expect(inputNamed(page, 'field.domain').attributes.get('value')).toBe('acme.freshdesk.com')
    expect(wordsOf(page)).toContain('Asana did not accept the key (401)')
    const { attributes } = inputNamed(page, 'field.token')
    expect(attributes.has('autofocus')).toBe(true)
    expect(attributes.get('aria-describedby')).toBe('problem')
  })

  test('[S1-4] each error stands beside its field, is read with it, and the first has the focus', () => {
    const page = renderForm(faulty)
    const [domain, token, note] = ['field.domain', 'field.token', 'field.note'].map((name) => inputNamed(page, name).attributes)
    expect(domain?.has('aria-invalid')).toBe(false)
    expect([token, note].map((one) => one?.get('aria-invalid'))).toEqual(['true', 'true'])
    expect(token?.get('aria-describedby')).toBe(`${token?.get('id')}-wrong`)
    expect(opened(page, 'input').filter(({ attributes }) => attributes.has('autofocus'))).toHaveLength(1)
    expect(token?.has('autofocus')).toBe(true)
    expect(opened(page, 'title')[0]?.text).toMatch(/^Error: /)
  })

  test('what a sentence marks as code is shown as code, and nothing else of it is markup', () => {
    const page = renderForm({ ...refused, problem: 'Write `acme.example`, not <b>`https://`</b>.' })
    expect(page).toContain('Write <code>acme.example</code>, not &lt;b&gt;<code>https://</code>&lt;/b&gt;.')
  })

  test('no check is promised where the provider names no call for it', () => {
    expect(wordsOf(renderForm(form))).toContain('checked with one call')
    expect(wordsOf(renderForm({ ...form, unchecked: true }))).not.toContain('checked with one call')
  })

  test('a first visit moves no focus and speaks of no error', () => {
    const page = renderForm(form)
    expect(page).not.toMatch(/autofocus|aria-invalid|role="alert"/)
    expect(opened(page, 'title')[0]?.text).toBe('Connect Asana – Acme Assistant')
  })
})
