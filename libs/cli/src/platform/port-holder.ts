import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { promisify } from 'node:util'

/** Who listens on a port of this machine. */
export interface PortHolder {
  readonly pid: number
  /** Program and script; further arguments are left out, because they may hold what is nobody's business. */
  readonly command: string
}

/** Undefined when it cannot be told: the process is another user's, or the system has no way to ask. */
export async function findPortHolder(port: number, platform: NodeJS.Platform = process.platform): Promise<PortHolder | undefined> {
  try {
    return platform === 'linux' ? holderFromProc(port) : await holderFromLsof(port)
  } catch {
    return undefined
  }
}

/** proc(5): `/proc/net/tcp` has the socket's inode, and one process has it among its descriptors. */
function holderFromProc(port: number): PortHolder | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(readOr(table, ''), port))
  if (inodes.length === 0) return undefined
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`))
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!holdsOneOf(pid, wanted)) continue
    return { pid: Number(pid), command: programOf(readOr(`/proc/${pid}/cmdline`, '').split('\0')) }
  }
  return undefined
}

function programOf([program = '', script = '']: readonly string[]): string {
  return script === '' || script.startsWith('-') ? program : `${program} ${script}`
}

const LISTEN = '0A'

/** Inodes of the sockets of a table that listen on the port. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    return state === LISTEN && local.endsWith(suffix) && inode !== undefined && inode !== '0' ? [inode] : []
  })
}

function holdsOneOf(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOr(`/proc/${pid}/fd/${fd}`)))
  } catch {
    // It ended in the meantime, or belongs to another user.
    return false
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

async function holderFromLsof(port: number): Promise<PortHolder | undefined> {
  const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 5000 })
  return parseLsof(stdout)
}

/** lsof -F: one field per line, named by its first letter. */
export function parseLsof(output: string): PortHolder | undefined {
  const pid = /^p(\d+)$/m.exec(output)?.[1]
  return pid === undefined ? undefined : { pid: Number(pid), command: /^c(.*)$/m.exec(output)?.[1] ?? '' }
}

/** A port of the host that nobody listens on now. */
export function findFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
