// The first step of every npm script, on whatever Node ≥ 18 there is: installs what is pinned (dependencies and Node 26),
// makes the generated code, then runs the program that it is given with that Node. A no-op when nothing changed.
//
//     node libs/cli/cmd/setup.mjs [program.ts [arguments…]]
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PNPM = 'pnpm@12.21.0'
const root = fileURLToPath(new URL('../../../', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const stamp = join(root, 'node_modules', '.credence-setup')
const node = join(bin, process.platform === 'win32' ? 'node.exe' : 'node')

/** Two scripts started at once must not install into each other: the folder is the lock, a stale one is taken over. */
const LOCK_STALE_MS = 5 * 60_000
/** How soon it is noticed that npm was stopped. */
const LOOK_MS = 250
/** Read before anything takes time: afterwards it may have ended, and have another in its place. */
const shell = process.ppid

const [program, ...programArguments] = process.argv.slice(2)
install()
if (program !== undefined) run(program, programArguments)

function install() {
  const wanted = digest()
  if (upToDate(wanted)) return
  lock()
  try {
    if (upToDate(wanted)) return
    console.error('Credence: installing what is pinned; the first time takes a minute…')
    const env = { ...process.env, npm_config_update_notifier: 'false' }
    // Its own PATH: a Node that is being replaced must not be the one that replaces it.
    execFileSync('npx', ['-y', PNPM, 'install', '--frozen-lockfile', '--reporter=append-only'], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
    })
    execFileSync(node, [join(root, 'libs', 'cli', 'cmd', 'generate.mjs')], {
      cwd: root,
      env: { ...env, PATH: `${bin}:${process.env.PATH}` },
      stdio: ['ignore', 2, 2],
    })
    writeFileSync(stamp, wanted)
  } finally {
    rmdirSync(lockFolder())
  }
}

function upToDate(wanted) {
  return (
    existsSync(stamp) &&
    existsSync(node) &&
    existsSync(join(root, 'proto', 'gen', 'descriptors.binpb')) &&
    readFileSync(stamp, 'utf8') === wanted
  )
}

/** Of everything that decides what is installed or generated. */
function digest() {
  const hash = createHash('sha256')
  const manifests = ['libs', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name, 'package.json')),
  )
  const files = [
    ...manifests,
    join(root, 'package.json'),
    join(root, 'pnpm-lock.yaml'),
    join(root, 'pnpm-workspace.yaml'),
    ...protoFiles(join(root, 'proto')),
  ]
  for (const file of files.filter((path) => existsSync(path)).sort()) hash.update(file.slice(root.length)).update(readFileSync(file))
  return hash.digest('hex')
}

function protoFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'gen' || entry.name === 'node_modules') return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? protoFiles(path) : [path]
  })
}

function lockFolder() {
  return join(root, '.setup-lock')
}

function lock() {
  for (;;) {
    try {
      mkdirSync(lockFolder())
      return
    } catch {
      const since = existsSync(lockFolder()) ? statSync(lockFolder()).mtimeMs : 0
      if (Date.now() - since > LOCK_STALE_MS && existsSync(lockFolder())) rmdirSync(lockFolder())
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250)
    }
  }
}

/** The program answers signals itself; this process only waits for it and ends as it ended. */
function run(file, args) {
  // Lookups of names wait in the same pool as the syncs of the audit log: a slow name server must not hold those up.
  const env = { UV_THREADPOOL_SIZE: '16', ...process.env, PATH: `${bin}:${process.env.PATH}` }
  const child = spawn(node, [join(root, file), ...args], {
    cwd: process.env.INIT_CWD === undefined ? process.cwd() : root,
    env,
    stdio: 'inherit',
  })
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)))
  stopWithShell(child)
}

/** npm ends the shell between it and this process when it is told to stop, and no shell hands a signal on. */
function stopWithShell(child) {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return
  const looking = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(looking)
    child.kill('SIGTERM')
  }, LOOK_MS)
  looking.unref()
}
