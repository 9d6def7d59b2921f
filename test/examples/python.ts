import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CLIENT = 'nats-py==2.16.0'
const INSTALL_MS = 120_000

/**
 * A Python that has the NATS client, in an environment of its own that is made at the first call and kept. Undefined, with a
 * line that nobody overlooks, where it cannot be had; in CI that is an error.
 */
export async function pythonWithNats(): Promise<string | undefined> {
  const folder = join(homedir(), '.cache', 'credence', 'engines', CLIENT)
  const python = join(folder, 'bin', 'python3')
  try {
    if (!(await hasClient(python))) await install(folder)
    await run(python, ['-c', 'import nats'])
    return python
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.error(`\n*** SKIPPED, no Python with ${CLIENT} here: install python3 with venv and pip, and let it reach a package index ***\n`)
    return undefined
  }
}

function hasClient(python: string): Promise<boolean> {
  return run(python, ['-c', 'import nats']).then(
    () => true,
    () => false,
  )
}

/** Beside its place first, so that nobody finds half of it. */
async function install(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true })
  const half = await mkdtemp(`${folder}-`)
  try {
    await run('python3', ['-m', 'venv', half], { timeout: INSTALL_MS })
    await run(join(half, 'bin', 'python3'), ['-m', 'pip', 'install', '--quiet', CLIENT], { timeout: INSTALL_MS })
    await rm(folder, { recursive: true, force: true })
    await rename(half, folder)
  } finally {
    await rm(half, { recursive: true, force: true })
  }
}
