import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const folder = mkdtempSync(join(ROOT, 'libs', 'cli', 'test', '.setup-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs until it is told to stop, and says then by what. */
const PROGRAM = `
const stay = setInterval(() => undefined, 1_000)
process.on('SIGTERM', () => {
  console.log('stopped')
  clearInterval(stay)
})
console.log('runs')
`

test.skipIf(process.platform === 'win32')('[C-8] a script of npm stops its program when npm is told to stop', async () => {
  const file = join(folder, 'program.ts')
  writeFileSync(file, PROGRAM)
  // As npm starts it; what follows the command keeps the shell from becoming it.
  const command = `node libs/cli/cmd/setup.mjs ${relative(ROOT, file)}; true`
  const shell = spawn('sh', ['-c', command], {
    cwd: ROOT,
    env: { ...process.env, npm_lifecycle_event: 'start', INIT_CWD: ROOT },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface(shell.stdout)
  const told: string[] = []
  lines.on('line', (line) => {
    told.push(line)
    if (line === 'runs') shell.kill('SIGTERM')
  })
  await once(lines, 'close')
  expect(told).toEqual(['runs', 'stopped'])
})
