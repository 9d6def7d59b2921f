import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hostOf, offerOf, signInSource } from './offer.ts'

const payload = (name: string): Buffer => readFileSync(new URL(`../../../../libs/provider/test/payloads/${name}.json`, import.meta.url))
const version = { providerId: `prov_${'0'.repeat(26)}`, version: 1 }

describe('what a provider offers to a person', () => {
  test('[S1-11] patterns carry the names that their author gave', () => {
    expect(offerOf(payload('asana'), version).patterns).toMatchObject([{ index: 0, title: 'OAuth 2.0', kind: 'redirect' }])
    expect(offerOf(payload('freshdesk'), version).patterns).toMatchObject([{ title: 'Basic Auth', kind: 'form' }])
  })

  test('[S1-4] a field of the host is plain and any other is sealed, whatever its input type', () => {
    const fields = offerOf(payload('freshdesk'), version).recipe(0).fields
    expect(fields.map(({ name, plain, inputType }) => [name, plain, inputType])).toEqual([
      ['domain', true, 'text'],
      ['username', false, 'text'],
    ])
  })

  test('[S1-2] a pattern that the provider does not have is refused', () => {
    expect(() => offerOf(payload('bearer'), version).recipe(7)).toThrowError(expect.objectContaining({ code: 'INVALID_REQUEST' }))
  })

  test('[S1-3] a host with a field is shown with its name, and its sign-in may be anywhere on https', () => {
    expect(hostOf('https://{{domain}}/api')).toBe('{domain}')
    expect(hostOf('https://app.asana.com/api')).toBe('app.asana.com')
    expect(signInSource('https://{{shop}}.myshopify.com/auth')).toBe('https:')
    expect(signInSource('http://localhost:4444/auth?x=1')).toBe('http://localhost:4444')
  })
})
