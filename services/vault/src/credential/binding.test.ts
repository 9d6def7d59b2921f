import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseProvider, recipeOf } from '@credence/provider'
import { describe, expect, test } from 'vitest'
import { candidateBinding, secretBinding } from './binding.ts'

const payload = (name: string): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../../../../libs/provider/test/payloads/${name}.json`, import.meta.url)))
const recipe = (name: string) => recipeOf(parseProvider(payload(name)), { providerId: 'prov_x', version: 1, pattern: 0 })
const row = { id: 'cred_x', project: 'proj_x', version: 3, recipe: 'rcp_x' }

describe('what a box is bound to', () => {
  test.each([
    ['freshdesk', { domain: 'acme.freshdesk.com' }],
    ['bearer', {}],
  ])('[B-3] is the same at every look at the same row: %s', (name, plain) => {
    const first = secretBinding({ ...row, plain }, recipe(name))
    const again = secretBinding({ ...row, plain }, recipe(name))
    expect(again).toEqual(first)
    expect(first.recipe).toBe('rcp_x')
    const same = recipe(name)
    expect(secretBinding({ ...row, plain }, same)).toEqual(secretBinding({ ...row, plain }, same))
    const candidate = { id: 'cand_x', recipe: 'rcp_y', plain }
    expect(candidateBinding(row, candidate, same)).toEqual(candidateBinding(row, candidate, same))
    expect(candidateBinding(row, candidate, same).recipe).toBe('rcp_y')
  })

  test('[B-3] differs where another host, recipe or version would open it', () => {
    const freshdesk = recipe('freshdesk')
    const one = secretBinding({ ...row, plain: { domain: 'acme.freshdesk.com' } }, freshdesk)
    const other = secretBinding({ ...row, plain: { domain: 'evil.freshdesk.com' } }, freshdesk)
    expect(other.hosts).not.toBe(one.hosts)
  })
})
