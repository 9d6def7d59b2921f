import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Fault } from '@credence/errors'
import type { LineCounter, parseDocument } from 'yaml'

/** The setting that names a configuration file: a spec that has it takes one. */
export const CONFIG_SETTING = {
  name: 'CONFIG',
  kind: 'string',
  doc: 'A YAML or JSON file with settings by the names of their flags (public-url: …). Flags and variables win. A secret may be {file: path}.',
} as const

/** What a file has to know of a setting. */
interface FileSetting {
  readonly kind: string
  readonly secret?: boolean
}

export interface SettingsFile {
  /** By flag name without its dashes, as a variable would hold them. */
  readonly texts: ReadonlyMap<string, string>
  /** Each under its place in the file (RFC 6901); no fault repeats a value. */
  readonly faults: readonly Fault[]
}

/** Group members may read, as orchestrators mount secrets; nobody may write or, of all others, read. */
const NOT_PRIVATE = 0o037
const NAME = /^[a-z][a-z-]{0,40}$/
/** The whole file is named by its own setting. */
const FILE_POINTER = '/CREDENCE_CONFIG'
const require = createRequire(import.meta.url)

/** Reads a configuration file. `known` holds the settings by their names in it; `expected` says what to write for one. */
export function readSettingsFile(
  path: string,
  known: ReadonlyMap<string, FileSetting>,
  { expected }: { readonly expected: (setting: FileSetting) => string },
): SettingsFile {
  const faults: Fault[] = []
  const texts = new Map<string, string>()
  const members = membersOf(path, faults)
  for (const [name, value] of members) {
    const pointer = `/${NAME.test(name) ? name : 'entry'}`
    const setting = known.get(name)
    if (setting === undefined) {
      // Only the shape of a name is repeated: a stray entry may be a secret pasted into the wrong place.
      faults.push({ pointer, code: 'UNKNOWN_SETTING', detail: 'There is no such setting: give the name of a flag, without its dashes.' })
      continue
    }
    const text = isSecretFile(value, setting) ? textOfFile(value.file, { pointer: `${pointer}/file`, faults }) : textOf(value, setting)
    if (text === undefined) faults.push({ pointer, code: 'INVALID_VALUE', detail: expected(setting) })
    else if (text !== '') texts.set(name, text)
    if (typeof value === 'string' && setting.secret === true && !isPrivate(path)) {
      const detail = `Others can read the file: chmod go= ${path}, or give the secret as {file: path}.`
      faults.push({ pointer, code: 'NOT_PRIVATE', detail })
    }
  }
  return { texts, faults }
}

function membersOf(path: string, faults: Fault[]): readonly (readonly [string, unknown])[] {
  const refuse = (code: string, detail: string): [] => {
    faults.push({ pointer: FILE_POINTER, code, detail })
    return []
  }
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return refuse('INVALID_VALUE', 'Give the path of a file that exists and can be read.')
  }
  // Loaded by whoever has such a file: it would be a third of the start of a command.
  const yaml = require('yaml') as { parseDocument: typeof parseDocument; LineCounter: typeof LineCounter }
  const lineCounter = new yaml.LineCounter()
  // Its own messages quote the lines that they are about.
  const document = yaml.parseDocument(text, { lineCounter, prettyErrors: false })
  const [wrong] = document.errors
  if (wrong !== undefined) {
    const { line } = lineCounter.linePos(wrong.pos[0])
    return refuse('NOT_YAML', `Line ${line} is neither YAML nor JSON, or names a setting twice.`)
  }
  const content: unknown = document.toJS({ maxAliasCount: 0 })
  if (content === null) return []
  if (typeof content !== 'object' || Array.isArray(content))
    return refuse('INVALID_VALUE', 'Give one setting per line: `public-url: https://…`.')
  return Object.entries(content)
}

function isSecretFile(value: unknown, { secret }: FileSetting): value is { readonly file: string } {
  if (secret !== true || typeof value !== 'object' || value === null) return false
  return Object.keys(value).join() === 'file' && typeof (value as { file: unknown }).file === 'string'
}

/** The value as a variable would hold it; undefined when it is of another type than the setting. */
function textOf(value: unknown, { kind }: FileSetting): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return kind === 'boolean' ? String(value) : undefined
  if (typeof value === 'number') return kind === 'boolean' || kind === 'url' || kind === 'file' ? undefined : String(value)
  if (kind !== 'list' || !Array.isArray(value)) return undefined
  // A comma would make two of one.
  return value.every((one) => typeof one === 'string' && !one.includes(',')) ? value.join(',') : undefined
}

/** What is in the file of a secret, without the end of its line; empty after a fault. */
function textOfFile(path: string, { pointer, faults }: { readonly pointer: string; readonly faults: Fault[] }): string {
  try {
    const text = readFileSync(path, 'utf8').trimEnd()
    if (text !== '' && isPrivate(path)) return text
    const detail = text === '' ? 'The file is empty.' : `Others can read the file: chmod go= ${path}`
    faults.push({ pointer, code: text === '' ? 'MISSING_VALUE' : 'NOT_PRIVATE', detail })
  } catch {
    faults.push({ pointer, code: 'INVALID_VALUE', detail: 'Give the path of a file that exists and can be read.' })
  }
  return ''
}

function isPrivate(path: string): boolean {
  return process.platform === 'win32' || (statSync(path).mode & NOT_PRIVATE) === 0
}
