import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startProcess } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readClientFile } from '../src/client-file.ts'
import { runCli } from './run-cli.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const PORTS = ['public', 'admin', 'data', 'api', 'registry', 'vault', 'refresher', 'verifier', 'gateway', 'probe'].flatMap((name) => [
  `--${name}-port`,
  '0',
])

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'credence-dev-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const listenSomewhere = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as { port: number }).port }
}

describe('a busy port', () => {
  test.runIf(process.platform === 'linux')('is named with its holder, and every busy one gets a free one offered', async () => {
    const held = [await listenSomewhere(), await listenSomewhere()] as const
    const taken = ['--public-port', String(held[0].port), '--data-port', String(held[1].port)]
    try {
      const { code, stdout, stderr } = await runCli(['dev', '--home', join(folder, 'busy'), ...PORTS, ...taken])
      expect([code, stdout]).toEqual([1, ''])
      for (const { port } of held)
        expect(stderr).toMatch(new RegExp(`Port ${port} is held by \\S.* \\(pid ${process.pid}\\)\\. \\d+ is free\\.`))
      expect(stderr).toMatch(/^Start with free ones: npm start -- --public-port \d+ --data-port \d+$/m)
      expect(stderr).toContain('code   PORT_IN_USE')
    } finally {
      for (const { server } of held) server.close()
    }
  })

  test('as JSON names each setting', async () => {
    const { server, port } = await listenSomewhere()
    try {
      const { stderr } = await runCli(['dev', '-o', 'json', '--home', join(folder, 'busy'), ...PORTS, '--api-port', String(port)])
      const { error } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '') as { error: { code: string; errors: { pointer: string }[] } }
      expect([error.code, error.errors.map(({ pointer }) => pointer)]).toEqual(['PORT_IN_USE', ['/CREDENCE_API_PORT']])
    } finally {
      server.close()
    }
  })

  test('a setting that does not exist is a wrong use', async () => {
    const { code, stderr } = await runCli(['dev', '--home', join(folder, 'busy'), '--publik-port', '1'])
    expect(code).toBe(2)
    expect(stderr).toContain('--publik-port')
  })
})

interface Started {
  readonly line: Readonly<Record<string, string>>
  readonly child: ChildProcess
  readonly stderr: () => string
}

async function startDev(home: string): Promise<Started> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [MAIN, 'dev', '-o', 'json', '--home', home, ...PORTS], { env: { PATH, HOME }, stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk
      if (stdout.includes('\n')) resolve(stdout)
    })
    child.on('close', () => reject(new TypeError(`dev ended early\n${stderr}`)))
  })
  return { line: JSON.parse(line) as Record<string, string>, child, stderr: () => stderr }
}

async function interrupt({ child }: Started): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  child.kill('SIGINT')
  return ended
}

test('dev starts the platform, later commands need no flags, Ctrl-C drains, and a second start finds everything', {
  timeout: 90_000,
}, async () => {
  const home = join(folder, 'home')
  const first = await startDev(home)
  try {
    expect(first.line).toMatchObject({ home, key: expect.stringMatching(/^crd_/), sign_in: expect.stringContaining('/sign-in/link/') })
    expect(statSync(join(home, 'client.json')).mode & 0o777).toBe(0o600)
    const payload = fileURLToPath(new URL('../../provider/test/payloads/bearer.json', import.meta.url))
    const created = await runCli(['provider', 'create', payload, '-o', 'json', '--home', home])
    expect(JSON.parse(created.stdout)).toMatchObject({ version: 1, payload: JSON.parse(readFileSync(payload, 'utf8')) })
    const doctor = await runCli(['doctor', '-o', 'json', '--home', home])
    const findings = JSON.parse(doctor.stdout) as { check: string; state: string }[]
    expect(findings.filter(({ state }) => state === 'failed')).toEqual([])
    expect(findings.filter(({ state }) => state === 'ok')).toHaveLength(11)
  } finally {
    expect(await interrupt(first)).toBe(0)
  }
  expect(first.stderr()).toMatch(/Draining[\s\S]*Stopped\./)

  const second = await startDev(home)
  try {
    expect(second.line.key).toBeUndefined()
    const listed = await runCli(['provider', 'list', '-o', 'json', '--home', home])
    expect(JSON.parse(listed.stdout)).toHaveLength(1)
  } finally {
    await interrupt(second)
  }
})

describe('a configuration file', () => {
  test('may say everything, the home folder too', { timeout: 90_000 }, async () => {
    const [home, config] = [join(folder, 'configured'), join(folder, 'credence.yaml')]
    const ports = PORTS.filter((flag) => flag !== '0').map((flag) => `${flag.slice(2)}: 0`)
    writeFileSync(config, [`home: ${home}`, ...ports].join('\n'))
    const started = await startProcess([MAIN, 'dev', '-o', 'json'], { env: { CREDENCE_CONFIG: config } })
    await started.stop()
    expect((await started.exited).code).toBe(0)
    expect(readClientFile(home)?.apiUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  test('has no say in the home of who names one', async () => {
    const config = join(folder, 'credence.json')
    writeFileSync(config, JSON.stringify({ home: join(folder, 'unwanted'), 'publik-port': 1 }))
    const { code, stderr } = await runCli(['dev', '--home', join(folder, 'busy'), '--config', config])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^ {2}\/publik-port {2}UNKNOWN_SETTING {2}.*give the name of a flag/m)
  })
})
