import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type TempHome, tempHome } from '../process/temp-home.ts'
import { canaryForms } from './canary-forms.ts'
import { searchForCanaries } from './search-for-canaries.ts'

const SECRET = 'sk_live/+"\\<ü>&=%27 é-51b7'
const homes: TempHome[] = []
afterEach(() => {
  for (const home of homes.splice(0)) home.remove()
})

function newHome(): string {
  const home = tempHome()
  homes.push(home)
  return home.path
}

const found = async (text: string | Uint8Array, secret = SECRET): Promise<string[]> =>
  (await searchForCanaries({ texts: { text }, secrets: { it: secret } })).map((hit) => hit.form)

describe('a search for canaries', () => {
  test('finds every way in which code writes a string', async () => {
    const ways: Record<string, string | Uint8Array> = {
      raw: `x ${SECRET} y`,
      hex: `x${Buffer.from(SECRET).toString('hex')}`,
      HEX: Buffer.from(SECRET).toString('hex').toUpperCase(),
      percent: `https://a.example/?k=${encodeURIComponent(SECRET)}`,
      form: new URLSearchParams({ k: SECRET }).toString(),
      json: JSON.stringify({ k: SECRET }),
      'json-slash': JSON.stringify(SECRET).replaceAll('/', '\\/'),
      utf16: Buffer.from(SECRET, 'utf16le'),
    }
    for (const [form, text] of Object.entries(ways)) expect(await found(text), form).toContain(form)
  })

  test('finds base64 at any alignment within anything longer', async () => {
    const anything = fc.uint8Array({ maxLength: 40 })
    const secrets = fc.uint8Array({ minLength: 8, maxLength: 40 })
    const encodings = fc.constantFrom('base64' as const, 'base64url' as const)
    await fc.assert(
      fc.asyncProperty(secrets, anything, anything, encodings, async (secret, before, after, encoding) => {
        const text = Buffer.concat([before, secret, after]).toString(encoding)
        const hits = await searchForCanaries({ texts: { text }, secrets: { it: secret } })
        expect(hits.map((hit) => hit.form)).toEqual(
          expect.arrayContaining([expect.stringMatching(`^base64(?:url)?\\+${before.length % 3}$`)]),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('finds both of two secrets that begin alike', async () => {
    const secrets = { short: 'canary-abc', long: 'canary-abcdef' }
    const hits = await searchForCanaries({ texts: { text: 'x canary-abcdef' }, secrets })
    expect(hits.map((hit) => hit.secret).sort()).toEqual(['long', 'short'])
  })

  test('says nothing of texts without the secret, also when a part of it is there', async () => {
    expect(await found(`${SECRET.slice(0, -1)} ${SECRET.slice(1)} ${randomBytes(9999).toString('base64')}`)).toEqual([])
  })

  test('finds a secret across the borders of what it reads at once, in files of any depth', async () => {
    const home = newHome()
    mkdirSync(join(home, 'a/b'), { recursive: true })
    const border = 1 << 20
    const placed = [border - 5, border, 2 * border - SECRET.length + 1, 3 * border - 1]
    for (const at of placed) {
      const bytes = Buffer.alloc(4 * border, 'x')
      bytes.write(SECRET, at)
      writeFileSync(join(home, 'a/b', `at-${at}.db`), bytes)
    }
    writeFileSync(join(home, 'ends-with'), `${'y'.repeat(border)}${Buffer.from(SECRET).toString('hex')}`)
    const hits = await searchForCanaries({ folders: [home], secrets: { it: SECRET } })
    expect(hits.map((hit) => hit.where).sort()).toEqual(
      [...placed.map((at) => join(home, 'a/b', `at-${at}.db`)), join(home, 'ends-with')].sort(),
    )
  })

  test('tells which secret it was, and never the secret', async () => {
    const secrets = { 'asana token': 'canary-asana-1', 'freshdesk user': 'canary-fresh-2' }
    const hits = await searchForCanaries({ texts: { log: 'x canary-fresh-2', out: 'nothing' }, secrets })
    expect(hits).toEqual([{ where: 'log', secret: 'freshdesk user', form: 'raw' }])
    expect(inspect(hits)).not.toContain('canary-')
  })

  test('with nothing to look for or nowhere to look is refused', async () => {
    await expect(searchForCanaries({ texts: { a: 'b' }, secrets: {} })).rejects.toThrow(TypeError)
    await expect(searchForCanaries({ folders: [newHome()], secrets: { it: SECRET } })).rejects.toThrow(TypeError)
    expect(() => canaryForms('short')).toThrow(TypeError)
  })

  test('of a thousand secrets names the one that is there and tells it from its neighbours', async () => {
    const secrets = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`s${i}`, `same-start-${randomBytes(24).toString('base64url')}`]),
    )
    const text = Buffer.concat([randomBytes(1 << 20), Buffer.from(Buffer.from(secrets.s617 ?? '').toString('hex'))])
    expect(await searchForCanaries({ texts: { text }, secrets })).toEqual([{ where: 'text', secret: 's617', form: 'hex' }])
  })
})

describe('the forms of binary secrets', () => {
  test('hold no text that stands for something else', () => {
    const forms = canaryForms(Buffer.from('ff00fe01fd02fc03fb04', 'hex')).map(({ form }) => form)
    expect(forms).toContain('raw')
    expect(forms).toContain('hex')
    expect(forms).not.toContain('percent')
    expect(forms).not.toContain('utf16')
  })
})
