import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '@credence/errors'

/**
 * `<home>/client.json`, mode 0600: where the platform of this folder is and the admin key of its first start, so that every
 * later command works without flags.
 *
 *     {"api_url": "http://127.0.0.1:7401", "proxy_url": "…", "public_url": "…", "grpc": "127.0.0.1:7405",
 *      "key": "crd_…", "user": "id:admin"}
 */
export interface ClientFile {
  readonly apiUrl: string
  readonly proxyUrl?: string | undefined
  readonly publicUrl?: string | undefined
  readonly grpc?: string | undefined
  readonly key?: string | undefined
  /** Whom commands act for unless `--user` says otherwise. */
  readonly user?: string | undefined
}

const NAMES = { apiUrl: 'api_url', proxyUrl: 'proxy_url', publicUrl: 'public_url', grpc: 'grpc', key: 'key', user: 'user' } as const

export function clientFileIn(home: string): string {
  return join(home, 'client.json')
}

/** Undefined when there is none. Throws INVALID_SETTING for one that cannot be used. */
export function readClientFile(home: string): ClientFile | undefined {
  const file = clientFileIn(home)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CodedError('INVALID_SETTING', `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
  const members = membersOf(text)
  if (members?.apiUrl === undefined) {
    throw new CodedError('INVALID_SETTING', `${file} is not a client file: remove it, and the next \`npm start\` writes a new one.`)
  }
  return { ...members, apiUrl: members.apiUrl }
}

function membersOf(text: string): Partial<ClientFile> | undefined {
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(NAMES).flatMap(([name, wire]) => (typeof value[wire] === 'string' ? [[name, value[wire]]] : [])),
    )
  } catch {
    return undefined
  }
}

/** Written beside and moved into place: a reader never sees half a file, and never one that others may read. */
export function writeClientFile(home: string, client: ClientFile): void {
  const file = clientFileIn(home)
  const fresh = `${file}.new`
  const members = Object.fromEntries(Object.entries(NAMES).map(([name, wire]) => [wire, client[name as keyof ClientFile]]))
  rmSync(fresh, { force: true })
  writeFileSync(fresh, `${JSON.stringify(members, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
  renameSync(fresh, file)
}
