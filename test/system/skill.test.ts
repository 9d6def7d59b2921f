import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseProvider } from '@credence/provider'
import { tempHome } from '@credence/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { codeBlocks, ROOT } from '../support/code-blocks.ts'

const run = promisify(execFile)
const FOLDER = join(ROOT, 'skills', 'credence-provider')
const skill = readFileSync(join(FOLDER, 'SKILL.md'), 'utf8')
const [, front = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(skill) ?? []
const payloads = codeBlocks(body).filter(({ language }) => language === 'json')
const documented = codeBlocks(readFileSync(join(ROOT, 'test', 'documents', 'auth-patterns.md'), 'utf8')).filter(
  ({ language }) => language === 'json',
)

const home = tempHome()
afterAll(() => home.remove())

async function review(text: string): Promise<{ readonly code: number; readonly said: string }> {
  mkdirSync(home.path, { recursive: true })
  const file = join(home.path, 'payload.json')
  writeFileSync(file, text)
  // The command as the skill says it, for a checkout.
  const words =
    codeBlocks(body)
      .find(({ language }) => language === 'bash')
      ?.text.trim()
      .replace('FILE', file)
      .split(' ')
      .slice(1) ?? []
  const env = { ...process.env, CREDENCE_HOME: home.path }
  const call = run(process.execPath, ['libs/cli/src/main.ts', ...words], { cwd: ROOT, env })
  return call.then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, said: error.stdout + error.stderr }),
  )
}

describe('the skill for writing a provider payload', () => {
  test('[C-8] is installed by copying its folder: a name like the folder, and a description', () => {
    expect(parse(front)).toEqual({ name: 'credence-provider', description: expect.stringMatching(/^Write, check and repair .{80,900}$/s) })
    expect(readdirSync(FOLDER)).toEqual(['SKILL.md'])
    // Nothing in it leads out of the folder.
    expect(body).not.toMatch(/\]\((?!https:)/)
  })

  test('[C-8] [S1-1] shows the four documented payloads as they are, and each is accepted', () => {
    expect(documented).toHaveLength(4)
    expect(payloads.map(({ text }) => text)).toEqual(documented.map(({ text }) => text))
    for (const { text } of payloads) expect(parseProvider(Buffer.from(text)).proxy_enabled).toBe(true)
  })

  test('[C-8] [S1-11] names a command that reviews a payload, and refuses a bad one with the faults that it explains', async () => {
    const good = await review(payloads[0]?.text ?? '')
    expect([good.code, good.said]).toEqual([0, expect.stringContaining('My Asana')])
    const bad = await review('{"display_name": "x", "proxy_enabled": "true", "auth_patterns": [{"type": "BEARER", "feilds": []}]}')
    expect(bad.code).toBe(1)
    expect(bad.said).toContain('/proxy_url')
    expect(bad.said).toContain('fields')
  })

  test('[C-8] explains every fault that a payload can have, and none that is not there', () => {
    const [, list = ''] =
      /Codes: `([A-Z_ \n]+)`/.exec(readFileSync(join(ROOT, 'libs/provider/README.md'), 'utf8').replace(/\n\s*/g, ' ')) ?? []
    const told = [...body.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)]
      .map(([, code]) => code ?? '')
      .filter((code) => list.split(' ').includes(code))
    expect(list.split(' ').length).toBeGreaterThan(15)
    expect([...new Set(told)].sort()).toEqual(list.split(' ').sort())
  })

  test('[C-8] the commands that it hands over with are commands', async () => {
    const named = new Set([...body.matchAll(/`credence ([a-z]+ [a-z]+|connect) /g)].map(([, words = '']) => words))
    expect(named.size).toBeGreaterThan(4)
    for (const words of named) {
      const { stdout } = await run(process.execPath, ['libs/cli/src/main.ts', ...words.split(' '), '--help'], { cwd: ROOT })
      expect(stdout).toContain(`Usage: credence ${words}`)
    }
  }, 90_000)
})
