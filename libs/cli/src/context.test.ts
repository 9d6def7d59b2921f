import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clientFileIn, readClientFile, writeClientFile } from './client-file.ts'
import { hasContext, resolveContext } from './context.ts'

const CLIENT = {
  apiUrl: 'http://127.0.0.1:7401',
  proxyUrl: 'http://127.0.0.1:7402',
  publicUrl: 'http://localhost:7400',
  grpc: '127.0.0.1:7405',
  key: 'crd_file',
  user: 'id:admin',
}

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'credence-home-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('the client file', () => {
  test('can be read by its owner only, also when one lay there that others could read', () => {
    writeFileSync(clientFileIn(home), '{}')
    chmodSync(clientFileIn(home), 0o644)
    writeClientFile(home, CLIENT)
    expect(statSync(clientFileIn(home)).mode & 0o777).toBe(0o600)
    expect(readClientFile(home)).toEqual(CLIENT)
    expect(JSON.parse(readFileSync(clientFileIn(home), 'utf8'))).toMatchObject({ api_url: CLIENT.apiUrl, key: 'crd_file' })
  })

  test('is undefined where there is none, and refused where it is none', () => {
    expect(readClientFile(home)).toBeUndefined()
    for (const text of ['', '[]', 'null', '{"api_url": 7}']) {
      writeFileSync(clientFileIn(home), text)
      expect(() => readClientFile(home)).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }))
    }
  })
})

describe('the context', () => {
  test('comes whole from the folder of the platform', () => {
    writeClientFile(home, CLIENT)
    const { publicUrl: _, ...expected } = CLIENT
    expect(resolveContext({ home }, undefined)).toEqual(expected)
  })

  test('the key of the folder never goes to another address', () => {
    writeClientFile(home, CLIENT)
    const elsewhere = { home, apiUrl: 'https://other.example' }
    expect(() => resolveContext(elsewhere, undefined)).toThrow(expect.objectContaining({ code: 'INVALID_SETTING' }))
    expect(hasContext(elsewhere, undefined)).toBe(false)
    expect(resolveContext(elsewhere, 'crd_env')).toEqual({ apiUrl: 'https://other.example', key: 'crd_env' })
    expect(resolveContext({ home, apiUrl: 'http://127.0.0.1:7401/' }, undefined).key).toBe('crd_file')
  })

  test('flags and the environment come first, and the user of the folder stays with its key', () => {
    writeClientFile(home, CLIENT)
    expect(resolveContext({ home, user: 'id:ann' }, undefined)).toMatchObject({ user: 'id:ann', key: 'crd_file' })
    expect(resolveContext({ home }, 'crd_env')).toMatchObject({ apiUrl: CLIENT.apiUrl, key: 'crd_env', user: undefined })
  })

  test('nothing at all says what to set', () => {
    expect(hasContext({ home }, undefined)).toBe(false)
    expect(() => resolveContext({ home }, undefined)).toThrow(/CREDENCE_API_URL and CREDENCE_KEY/)
    expect(() => resolveContext({ home, apiUrl: 'http://x' }, undefined)).toThrow(/^Set CREDENCE_KEY,/)
  })
})
