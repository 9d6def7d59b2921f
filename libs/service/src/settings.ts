import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { CodedError, type Fault } from '@credence/errors'
import { Secret } from '@credence/secret'
import { CONFIG_SETTING, readSettingsFile, type SettingsFile } from './settings-file.ts'

/** What a value of each kind is once read: `ms` and `bytes` numbers, `url` an absolute URL without a trailing slash, `file` an absolute path. */
interface ValueOf {
  string: string
  port: number
  ms: number
  bytes: number
  url: string
  boolean: boolean
  list: readonly string[]
  file: string
}
type Kind = keyof ValueOf

interface Setting<K extends Kind = Kind> {
  /** Without prefix, in capitals: `PUBLIC_URL` is CREDENCE_PUBLIC_URL and `--public-url`. */
  readonly name: string
  readonly kind: K
  readonly default?: ValueOf[K] | undefined
  /** There is no default that could be right. */
  readonly required?: true
  /** One sentence for the table of the README: what it does, in which unit. */
  readonly doc: string
  /** The value is handed on as `Secret` and never shown. */
  readonly secret?: boolean
  /** A name that a standard fixes, instead of CREDENCE_*: `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly env?: string
  /** It may be in the file, for somebody else, and is not read here. */
  readonly elsewhere?: true
}

/** Each member is a setting. `file` must exist and be readable; a path that is made on first start is a `string`. */
export type SettingsSpec = Readonly<Record<string, { [K in Kind]: Setting<K> }[Kind]>>

type Read<S extends Setting> = S extends { secret: true } ? Secret : ValueOf[S['kind']]

/** The frozen values of a spec: a setting without a default may be undefined. */
export type Settings<S extends SettingsSpec> = {
  readonly [name in keyof S]: S[name] extends { default: ValueOf[Kind] } | { required: true } ? Read<S[name]> : Read<S[name]> | undefined
}

/** The environment variable that a setting is read from. */
export function envName(setting: { readonly name: string; readonly env?: string }): string {
  return setting.env ?? `CREDENCE_${setting.name}`
}

/** The command-line flag of a setting. */
export function flagName(setting: { readonly name: string }): string {
  return `--${setting.name.toLowerCase().replaceAll('_', '-')}`
}

/**
 * Reads settings from `args` (`--public-url=…`, `--public-url …`, a bare flag is true), then from `env`, then, where the spec
 * has CONFIG_SETTING, from the file that it names, then the default. An empty variable counts as not set. Throws
 * INVALID_SETTING with every fault at once, each under `/CREDENCE_…` or its place in the file; no fault repeats a value.
 * Flags and members that the spec does not know are faults.
 */
export function readSettings<const S extends SettingsSpec>(
  spec: S,
  env: Readonly<Record<string, string | undefined>>,
  args: readonly string[] = [],
): Settings<S> {
  const faults: Fault[] = []
  const flags = parseFlags(spec, args, faults)
  const given = (setting: Setting): string | undefined => flags.get(flagName(setting)) ?? (env[envName(setting)] || undefined)
  const file = fileOf(spec, given)
  faults.push(...file.faults)
  // What is wrong in the file already is not told twice.
  const isWrong = (setting: Setting): boolean => file.faults.some(({ pointer }) => pointer.split('/')[1] === fileName(setting))
  const values: Record<string, unknown> = {}
  for (const [member, setting] of Object.entries(spec)) {
    if (setting.elsewhere === true) continue
    const own = given(setting)
    const text = own ?? file.texts.get(fileName(setting))
    if (text === undefined || text === '') {
      values[member] = setting.default
      if (setting.required === true && !isWrong(setting))
        faults.push({ pointer: `/${envName(setting)}`, code: 'MISSING_VALUE', detail: `${setting.doc} ${EXPECTED[setting.kind]}` })
      continue
    }
    const value = PARSERS[setting.kind](text.trim())
    const pointer = own === undefined ? `/${fileName(setting)}` : `/${envName(setting)}`
    if (value === undefined) faults.push({ pointer, code: 'INVALID_VALUE', detail: EXPECTED[setting.kind] })
    else values[member] = setting.secret === true ? Secret.fromString(String(value)) : value
  }
  if (faults.length > 0) {
    const names = faults.map((fault) => fault.pointer.slice(1)).join(', ')
    throw new CodedError('INVALID_SETTING', `Correct these settings: ${names}.`, { faults })
  }
  return Object.freeze(values) as Settings<S>
}

function fileOf(spec: SettingsSpec, given: (setting: Setting) => string | undefined): SettingsFile {
  const settings = Object.values(spec)
  const own = settings.find(({ name }) => name === CONFIG_SETTING.name)
  const path = own === undefined ? undefined : given(own)
  if (path === undefined || path === '') return { texts: new Map(), faults: [] }
  // A file does not name a further one.
  const known = new Map(settings.filter((setting) => setting !== own).map((setting) => [fileName(setting), setting]))
  return readSettingsFile(resolve(path.trim()), known, { expected: ({ kind }) => EXPECTED[kind as Kind] })
}

/** The name of a setting in a configuration file. */
function fileName(setting: { readonly name: string }): string {
  return flagName(setting).slice(2)
}

function parseFlags(spec: SettingsSpec, args: readonly string[], faults: Fault[]): Map<string, string> {
  const byFlag = new Map(
    Object.values(spec).flatMap((setting) => (setting.elsewhere === true ? [] : [[flagName(setting), setting] as const])),
  )
  const flags = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const [flag = '', ...rest] = (args[i] ?? '').split('=')
    const setting = byFlag.get(flag)
    if (setting === undefined) {
      // Only the shape of a flag is repeated: a stray argument may be a secret pasted into the wrong place.
      const shown = /^--[a-z][a-z-]{0,40}$/.test(flag) ? flag : 'argument'
      faults.push({ pointer: `/${shown}`, code: 'UNKNOWN_FLAG', detail: 'There is no such flag.' })
      continue
    }
    const next = args[i + 1]
    if (rest.length > 0) flags.set(flag, rest.join('='))
    else if (next !== undefined && !next.startsWith('--') && (setting.kind !== 'boolean' || parseBoolean(next) !== undefined)) {
      flags.set(flag, next)
      i++
    } else if (setting.kind === 'boolean') flags.set(flag, 'true')
    else faults.push({ pointer: `/${envName(setting)}`, code: 'MISSING_VALUE', detail: EXPECTED[setting.kind] })
  }
  return flags
}

const EXPECTED: Readonly<Record<Kind, string>> = {
  string: 'Give a text.',
  port: 'Give a port number from 0 to 65535; 0 takes a free one.',
  ms: 'Give a time such as 250, 250ms, 20s, 10m or 24h.',
  bytes: 'Give a size such as 65536, 64KiB, 32MiB or 1GiB.',
  url: 'Give an absolute URL such as https://credence.example.',
  boolean: 'Give true or false.',
  list: 'Give values with commas between them.',
  file: 'Give the path of a file that exists and can be read.',
}

const PARSERS: Readonly<{ [K in Kind]: (text: string) => ValueOf[K] | undefined }> = {
  string: (text) => text,
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
  ms: (text) => scaled(text, { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }),
  bytes: (text) => scaled(text, { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }),
  url: (text) => (URL.canParse(text) && /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.replace(/\/+$/, '') : undefined),
  boolean: parseBoolean,
  list: (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  file: readableFile,
}

function parseBoolean(text: string): boolean | undefined {
  return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : undefined
}

function scaled(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15})\s?([a-zA-Z]*)$/.exec(text) ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  const value = digits === undefined || factor === undefined ? Number.NaN : Number(digits) * factor
  return Number.isSafeInteger(value) ? value : undefined
}

function readableFile(text: string): string | undefined {
  const path = resolve(text)
  try {
    accessSync(path, constants.R_OK)
    return path
  } catch {
    return undefined
  }
}
