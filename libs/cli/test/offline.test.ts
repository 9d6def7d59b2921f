import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

const payload = (name: string): string => fileURLToPath(new URL(`../../provider/test/payloads/${name}.json`, import.meta.url))
const NAMES = ['asana', 'attention', 'bearer', 'freshdesk']

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, content: string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

test('the version is told without a platform', async () => {
  const { code, stdout } = await runCli(['--version'], { cwd: folder })
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
})

describe('provider lint', () => {
  test('[S1-1] the four payloads pass without a platform', async () => {
    const { code, stdout } = await runCli(['provider', 'lint', ...NAMES.map(payload), '-o', 'json'], { cwd: folder })
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as { patterns: string[] }[]).flatMap(({ patterns }) => patterns)).toEqual([
      'OAUTH',
      'API_KEY',
      'BEARER',
      'BASIC',
    ])
  })

  test('[S1-9] every fault of every file is told at once, with its place and what to write instead', async () => {
    const bad = file(
      'bad.json',
      JSON.stringify({ display_nam: 'A', proxy_url: 'https://u:p@a.example', proxy_enabled: 'yes', auth_patterns: [] }),
    )
    const torn = file('torn.json', '{')
    const { code, stdout, stderr } = await runCli(['provider', 'lint', bad, payload('asana'), torn])
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^2 of 3 payloads cannot be used/)
    expect(stderr).toMatch(/bad\.json#\/display_nam {2}UNKNOWN_MEMBER {2}Write `display_name`/)
    for (const place of ['/display_name  MISSING', '/proxy_enabled  WRONG_TYPE', '/proxy_url', '/auth_patterns'])
      expect(stderr).toContain(`bad.json#${place}`)
    expect(stderr).toMatch(/torn\.json#.*INVALID_JSON/)
    expect(stderr).toContain('code   INVALID_PROVIDER')
  })

  test('[S1-9] a type that no version knows is refused with those that there are', async () => {
    const unknown = { display_name: 'A', proxy_url: 'https://a.example', proxy_enabled: true, auth_patterns: [{ type: 'SAML' }] }
    const { code, stderr } = await runCli(['provider', 'lint', file('unknown.json', JSON.stringify(unknown)), '-o', 'json'])
    expect(code).toBe(1)
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'INVALID_PROVIDER' } })
    expect(stderr).toMatch(/\/auth_patterns\/0\/type.*THIRDPARTY/s)
  })

  test('a file that is not there is a wrong use', async () => {
    const { code, stderr } = await runCli(['provider', 'lint', join(folder, 'none.json')])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^There is no file .*none\.json\./)
  })
})

describe('[S1-11] provider review', () => {
  test('[S1-11] names what a person must know before saving: what it asks, sends and calls', async () => {
    const { code, stdout } = await runCli(['provider', 'review', payload('freshdesk')], { cwd: folder })
    expect(code).toBe(0)
    for (const line of [
      'name         My Freshdesk',
      'Pattern 0: BASIC – Basic Auth',
      'asks for     Freshdesk Domain (domain, required), API Key (username, required, sealed)',
      'sends        Authorization: Basic base64(<username>:)',
      'calls        https://{{domain}}/api',
      'for example  https://yourcompany.freshdesk.com/api',
      'Warnings',
    ])
      expect(stdout).toContain(line)
  })

  test('[S1-11] shows endpoints and scopes of OAuth, and warns where calls are refused', async () => {
    const oauth = await runCli(['provider', 'review', payload('asana')], { cwd: folder })
    expect(oauth.stdout).toMatch(
      /authorize +https:\/\/app\.asana\.com\/-\/oauth_authorize\n.*token +https:\/\/app\.asana\.com\/-\/oauth_token/,
    )
    expect(oauth.stdout).toMatch(/scopes +profile \(required\), email \(required\)/)
    const closed = file(
      'closed.json',
      JSON.stringify({ display_name: 'A', proxy_url: 'https://a.example', proxy_enabled: false, auth_patterns: [{ type: 'NONE' }] }),
    )
    const { stdout } = await runCli(['provider', 'review', closed], { cwd: folder })
    expect(stdout).toMatch(/proxy calls +refused/)
    expect(stdout).toMatch(/Warnings\n.*\/proxy_enabled/)
  })

  test('[S1-11] an update shows the difference and what becomes of live credentials', async () => {
    const { stdout } = await runCli(['provider', 'review', payload('asana'), '--previous', payload('bearer')])
    expect(stdout).toContain('~ /proxy_url  "https://api.example.com" → "https://app.asana.com/api"')
    expect(stdout).toContain('of pattern 0: stay on their version until reconnected: the pattern is gone')
  })

  test('as JSON it is the review with the names of the API', async () => {
    const { stdout } = await runCli(['provider', 'review', payload('bearer'), '-o', 'json', '--offline'])
    expect(JSON.parse(stdout)).toMatchObject({
      display_name: 'My Bearer Token Provider',
      patterns: [{ type: 'BEARER', fields: [{ name: 'token', input_type: 'password' }] }],
    })
  })
})

describe('without a platform', () => {
  test('a command says what is missing and where it looked', async () => {
    const { code, stderr } = await runCli(['credential', 'list', '--home', folder])
    expect(code).toBe(2)
    expect(stderr).toContain(
      `Set CREDENCE_API_URL and CREDENCE_KEY, or start a platform with \`npm start\`: ${join(folder, 'client.json')}`,
    )
    expect(stderr).toContain('code   INVALID_SETTING')
  })

  test('a platform that does not answer ends with 3, and the key is nowhere', async () => {
    const env = { CREDENCE_KEY: 'crd_canary-key', CREDENCE_API_URL: 'http://127.0.0.1:9', CREDENCE_OUTPUT: 'json' }
    const { code, stdout, stderr } = await runCli(['project', 'get'], { env, cwd: folder })
    expect([code, stdout]).toEqual([3, ''])
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'UNAVAILABLE' } })
    expect(stderr).not.toContain('canary')
  })

  test.each([
    [['nonsense']],
    [['credential', 'get']],
    [['credential', 'share', 'a', 'b', '--permission', 'own']],
    [['-o', 'xml', 'project', 'get']],
  ])('a wrong use ends with 2: %j', async (args) => {
    expect((await runCli(args)).code).toBe(2)
  })

  test('help ends with 0, and no command takes a secret as a flag', async () => {
    const { code, stdout } = await runCli(['client', 'put', '--help'])
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/--(client-)?secret/)
    expect((await runCli(['client', 'put', 'x', '--id', 'a', '--secret', 'b'])).code).toBe(2)
  })

  test('doctor calls what it cannot know a warning, never well', async () => {
    const { code, stdout } = await runCli(['doctor', '--home', join(folder, 'nowhere'), '-o', 'json'])
    expect(code).toBe(0)
    const states = (JSON.parse(stdout) as { check: string; state: string }[]).map(({ check, state }) => [check, state])
    expect(states).toEqual([
      ['data folder', 'warning'],
      ['platform', 'warning'],
      ['outbox age', 'warning'],
    ])
  })
})

test('a variable that says no does not turn a switch on', async () => {
  const at = ['provider', 'review', payload('bearer'), '-o', 'json']
  const env = { CREDENCE_KEY: 'crd_x', CREDENCE_API_URL: 'http://127.0.0.1:9' }
  expect((await runCli(at, { cwd: folder, env: { ...env, CREDENCE_OFFLINE: 'false' } })).code).toBe(3)
  expect((await runCli(at, { cwd: folder, env: { ...env, CREDENCE_OFFLINE: 'true' } })).code).toBe(0)
})
