import { readFileSync } from 'node:fs'
import { Secret } from '@credence/secret'
import { describe, expect, test } from 'vitest'
import { fieldsOf, withFields } from './gather-fields.ts'
import type { Prompts } from './prompts.ts'
import { readFieldsFrom, readSecretFrom } from './read-stdin.ts'

const payload = (name: string): string => readFileSync(new URL(`../../../provider/test/payloads/${name}.json`, import.meta.url), 'utf8')
const FRESHDESK = await fieldsOf(payload('freshdesk'), 0)

async function* input(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

/** Somebody at the terminal who gives these answers; what was asked, and how, is kept. */
function person(answers: Record<string, string>) {
  const asked: [string, string][] = []
  const secrets: Secret[] = []
  const prompts: Prompts = {
    text: async (question) => {
      asked.push(['text', question])
      return answers[question] ?? ''
    },
    secret: async (question) => {
      asked.push(['secret', question])
      const secret = Secret.fromString(answers[question] ?? '')
      secrets.push(secret)
      return secret
    },
    confirm: async () => false,
    waiting: (_, work) => work(() => undefined),
  }
  return { prompts, asked, secrets }
}

const read = async (values: Readonly<Record<string, Uint8Array>>): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]))

describe('the fields of a credential', () => {
  test('secret ones are asked without echo, plain ones are shown, and all are wiped afterwards', async () => {
    const [domain = '', key = ''] = FRESHDESK.map(({ label, hint }) => (hint === undefined ? label : `${label} (${hint})`))
    const { prompts, asked, secrets } = person({ [domain]: 'a.freshdesk.com', [key]: 'k-1' })
    const seen = await withFields(FRESHDESK, { given: [], input: undefined, prompts }, read)
    expect(seen).toEqual({ domain: 'a.freshdesk.com', username: 'k-1' })
    expect(asked).toEqual([
      ['text', domain],
      ['secret', key],
    ])
    expect(secrets.every((secret) => secret.reveal().every((byte) => byte === 0))).toBe(true)
  })

  test('they are wiped when the work fails too', async () => {
    const { prompts, secrets } = person(
      Object.fromEntries(FRESHDESK.map(({ label, hint }) => [hint === undefined ? label : `${label} (${hint})`, 'v'])),
    )
    const failing = withFields(FRESHDESK, { given: [], input: undefined, prompts }, () => Promise.reject(new RangeError('down')))
    await expect(failing).rejects.toThrow(RangeError)
    expect(secrets[0]?.reveal()).toEqual(Buffer.from([0]))
  })

  test('a plain one may be a flag, a secret one never', async () => {
    const stdin = { given: ['domain=a=b.example'], input: input('{"username":', '"k-2"}'), prompts: undefined }
    expect(await withFields(FRESHDESK, stdin, read)).toEqual({ domain: 'a=b.example', username: 'k-2' })
    const flag = withFields(FRESHDESK, { given: ['username=canary'], input: undefined, prompts: undefined }, read)
    await expect(flag).rejects.toThrow(expect.objectContaining({ code: 'INVALID_REQUEST', message: expect.not.stringContaining('canary') }))
    const unknown = withFields(FRESHDESK, { given: ['user=canary'], input: undefined, prompts: undefined }, read)
    await expect(unknown).rejects.toThrow(/one of: domain, username/)
  })

  test('[S1-4] every missing required one is told at once where nobody can be asked', async () => {
    await expect(withFields(FRESHDESK, { given: [], input: undefined, prompts: undefined }, read)).rejects.toMatchObject({
      code: 'FIELD_REFUSED',
      details: { faults: [{ pointer: '/fields/domain' }, { pointer: '/fields/username' }] },
    })
  })

  test('an OAuth pattern and one that is not there are refused with the way to go', async () => {
    await expect(fieldsOf(payload('asana'), 0)).rejects.toThrow(/credence connect/)
    await expect(fieldsOf(payload('bearer'), 1)).rejects.toThrow(/no pattern 1/)
  })
})

describe('standard input', () => {
  test.each(['s3cret', 's3cret\n', 's3cret\r\n'])('a secret %j loses its line end and nothing else', async (text) => {
    expect(Buffer.from((await readSecretFrom(input(text))).reveal()).toString()).toBe('s3cret')
  })

  test('blanks and inner lines belong to a secret', async () => {
    expect(Buffer.from((await readSecretFrom(input(' a\n', 'b \n'))).reveal()).toString()).toBe(' a\nb ')
  })

  test.each(['', '\n'])('nothing is not a secret: %j', async (text) => {
    await expect(readSecretFrom(input(text))).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
  })

  test.each(['canary', '["canary"]', '{"token": 7}', '{}', '{"token": "canary"'])(
    'what is no object of texts is refused unseen: %s',
    async (text) => {
      await expect(readFieldsFrom(input(text))).rejects.toThrow(
        expect.objectContaining({ code: 'INVALID_REQUEST', message: expect.not.stringContaining('canary') }),
      )
    },
  )

  test('a whole file by mistake is refused', async () => {
    await expect(readSecretFrom(input('x'.repeat(65_537)))).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' })
  })
})
