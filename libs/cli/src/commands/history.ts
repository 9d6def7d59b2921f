import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { CodedError } from '@credence/errors'
import type { HistoryEntry } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag } from '../cli.ts'
import { argument, collect, countOf, timeOf } from '../collect.ts'
import { HISTORY_COLUMNS } from '../print/columns.ts'

interface FilterOptions {
  readonly customer?: string
  readonly outcome?: string
  readonly action?: HistoryEntry['action']
  readonly from?: string
  readonly to?: string
  readonly search?: string
}

const ACTIONS = ['call', 'check', 'connect', 'refresh', 'verify', 'revoke', 'change']

/** `credence history …`: of a credential (`cred_…`) or of a capability with all its customers (`cap_…`). */
export function addHistory(program: Command, act: Act): void {
  const history = program.command('history').description('who did what, with which outcome; never a secret')

  const list = withFilter(history.command('list <id>').description('of a credential or a capability, newest first')).addOption(
    flag('--limit <n>', 'at most so many').default('50'),
  )
  act<FilterOptions & { limit?: string }>(list, async (cli, args, { limit, ...options }) => {
    const entries = cli.credence().history.list(subjectOf(argument(args, 0)), filterOf(options))
    cli.printer.list(await collect(entries, countOf('--limit', limit)), HISTORY_COLUMNS, 'Nothing of this has happened yet.')
  })

  const exporting = withFilter(history.command('export <id>').description('all of it, to standard output or a file'))
    .addOption(flag('--format <format>', 'one entry per line as JSON, or CSV').choices(['ndjson', 'csv']).default('ndjson'))
    .addOption(flag('--file <file>', 'write to this file'))
  act<FilterOptions & { format: 'ndjson' | 'csv'; file?: string }>(exporting, async (cli, args, { format, file, ...options }) => {
    const bytes = cli.credence().history.export(subjectOf(argument(args, 0)), { ...filterOf(options), format })
    await (file === undefined ? print(cli, bytes) : save(cli, bytes, file))
  })
}

function withFilter(command: Command): Command {
  return command
    .addOption(flag('--customer <name>', 'only of this user: usr_…, id:… or email:…'))
    .addOption(flag('--outcome <code>', '`ok`, `failed`, or an error code'))
    .addOption(flag('--action <action>', 'only this').choices(ACTIONS))
    .addOption(flag('--from <time>', 'from this time on'))
    .addOption(flag('--to <time>', 'before this time'))
    .addOption(flag('--search <text>', 'text of an actor, user, outcome, error, consumer, trace or id'))
}

function filterOf({ customer: user, outcome, action, from, to, search }: FilterOptions) {
  return { user, outcome, action, search, from: timeOf('--from', from), to: timeOf('--to', to) }
}

function subjectOf(id: string): { readonly credentialId: string } | { readonly capabilityId: string } {
  return id.startsWith('cap_') ? { capabilityId: id } : { credentialId: id }
}

async function print(cli: Cli, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf('\n')
    // The terminal ends each text with a line end of its own.
    if (end >= 0) cli.terminal.out(text.slice(0, end))
    text = text.slice(end + 1)
  }
  if (text !== '') cli.terminal.out(text)
}

async function save(cli: Cli, bytes: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const count = async (say: (message: string) => void): Promise<number> => write(bytes, file, say)
  const lines = cli.prompts === undefined ? await count(() => undefined) : await cli.prompts.waiting('Exporting', count)
  cli.printer.done(`${file} has ${lines} lines.`, { file, lines })
}

/** A slow disk holds the reading up, so that a long history never stands in memory. */
async function write(bytes: AsyncIterable<Uint8Array>, file: string, say: (message: string) => void): Promise<number> {
  const out = createWriteStream(file, { mode: 0o600 })
  const failed = once(out, 'error').then(([error]) => {
    throw new CodedError('INVALID_SETTING', `${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  })
  let lines = 0
  const pour = async (): Promise<void> => {
    for await (const chunk of bytes) {
      for (const byte of chunk) if (byte === 0x0a) lines++
      if (!out.write(chunk)) await once(out, 'drain')
      say(`Exporting: ${lines} lines`)
    }
    out.end()
    await once(out, 'close')
  }
  await Promise.race([pour(), failed])
  return lines
}
