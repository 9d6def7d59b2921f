import { execFile, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startStandIns, startUpstream, tempHome, type Upstream } from '@credence/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeBlocks, ROOT } from '../support/code-blocks.ts'

const TOKEN = 'canary-quickstart-token-8e41b0'
/** Never the synchronous kind: the API that is called lives in this process. */
const run = promisify(execFile)
const [start, ...steps] = codeBlocks(readFileSync(join(ROOT, 'docs', 'quickstart.md'), 'utf8'))
const PORTS = ['PUBLIC', 'ADMIN', 'DATA', 'API', 'REGISTRY', 'VAULT', 'REFRESHER', 'VERIFIER', 'GATEWAY', 'PROBE']

const home = tempHome()
let github: Upstream
let standIns: Awaited<ReturnType<typeof startStandIns>>
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  github = await startUpstream({ accept: ({ token }) => token === TOKEN })
  standIns = await startStandIns([{ host: 'api.github.com', target: github.server }])
  env = {
    ...process.env,
    ...Object.fromEntries(PORTS.map((name) => [`CREDENCE_${name}_PORT`, '0'])),
    CREDENCE_HOME: home.path,
    CREDENCE_EGRESS_RESOLVE: standIns.egressResolve,
    CREDENCE_EGRESS_ALLOW: standIns.egressAllow,
    CREDENCE_EGRESS_CA: standIns.caFile,
    CREDENCE_AUDIT_DEADLINE_MS: '5000',
  }
}, 60_000)
afterAll(async () => {
  await standIns.close()
  await github.close()
  home.remove()
})

interface Started {
  readonly admin: string
  readonly data: string
  readonly key: string
  stop(): Promise<void>
}

/** Runs the first block as a reader does, until the platform says that it runs. */
async function startAsPrinted(): Promise<Started> {
  const child = spawn('bash', ['-c', start?.text ?? ''], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()))
  await expect.poll(() => said, { timeout: 60_000, interval: 50 }).toContain('Ctrl-C stops it.')
  const shown = (name: string): string => new RegExp(`^${name} +(\\S+)`, 'm').exec(said)?.[1] ?? ''
  return {
    admin: shown('REST, console'),
    data: new URL(shown('proxy').split('{')[0] ?? '').origin,
    key: shown('admin key'),
    async stop() {
      // The whole group, as Ctrl-C at a terminal does.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
      await ended
    },
  }
}

test('[C-8] the quickstart runs as printed, on a platform that it starts itself', { timeout: 180_000 }, async () => {
  expect(start?.text.trim()).toBe('npm start')
  const platform = await startAsPrinted()
  const program = 'test/support/quickstart-program.ts'
  try {
    const filledIn = (text: string): string =>
      text
        .replaceAll('http://127.0.0.1:7401', platform.admin)
        .replaceAll('http://127.0.0.1:7402', platform.data)
        .replaceAll('crd_the_key_that_was_printed', platform.key)
        .replaceAll('a_GitHub_token_of_yours', TOKEN)
        // A reader may have a file of this name.
        .replaceAll('test/first-call.ts', program)
    const lines = steps.map(({ language, text }) => {
      if (language === 'ts') writeFileSync(join(ROOT, program), filledIn(text))
      return language === 'ts' ? '' : filledIn(text)
    })
    const { stdout } = await run('bash', ['-c', `set -eu -o pipefail\n${lines.join('\n')}`], { cwd: ROOT, env })
    expect(stdout).toMatch(/^cred_[a-z0-9]{26}$/m)
    expect(stdout).toContain('"path":"/user"')
    expect(stdout).toMatch(/^200 \{/m)
    expect(github.requests.filter(({ path }) => path === '/user').length).toBeGreaterThanOrEqual(3)
    expect(stdout).not.toContain(TOKEN)
  } finally {
    rmSync(join(ROOT, program), { force: true })
    await platform.stop()
  }
})
