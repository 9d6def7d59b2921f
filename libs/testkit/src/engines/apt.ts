import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const INSTALL_MS = 300_000

/** The file of a program on PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}

/** Installs packages where that is possible: on Debian, as root. Resolves to whether it was tried. Throws when it failed. */
export async function aptInstall(packages: readonly string[]): Promise<boolean> {
  if (process.getuid?.() !== 0 || onPath('apt-get') === undefined) return false
  // RUNLEVEL keeps packages from starting servers of their own.
  const options = { env: { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }, timeout: INSTALL_MS }
  const install = ['-o', 'DPkg::Lock::Timeout=120', 'install', '-y', '-q', '--no-install-recommends', ...packages]
  // A list of packages that is not there, or is old, is fetched; otherwise nobody waits for it.
  await run('apt-get', install, options).catch(async () => {
    await run('apt-get', ['update', '-q'], options)
    await run('apt-get', install, options)
  })
  return true
}
