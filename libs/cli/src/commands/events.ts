import type { CredenceEvent } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag } from '../cli.ts'
import { collect, countOf } from '../collect.ts'
import { dataOf, EVENT_COLUMNS, eventNameOf } from '../print/columns.ts'
import { shown } from '../print/table.ts'
import { addReplay } from './events-replay.ts'

interface Filter {
  readonly from?: string
  readonly types?: string
  readonly credential?: string
}

/** `credence events …` */
export function addEvents(program: Command, act: Act): void {
  const events = program.command('events').description('facts, as they happen and as they happened')

  const tail = withFilter(events.command('tail').description('facts as they come, until Ctrl-C; goes on after a break'))
  act<Filter>(tail, async (cli, _, filter) => {
    const stop = new AbortController()
    const onSignal = (): void => stop.abort()
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
    try {
      for await (const event of cli.projectCredence().events.tail({ ...filterOf(cli, filter), signal: stop.signal })) {
        cli.printer.line(lineOf(event), event)
      }
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    }
  })

  const list = withFilter(events.command('list').description('facts that have happened, oldest first')).addOption(
    flag('--limit <n>', 'at most so many'),
  )
  act<Filter & { limit?: string }>(list, async (cli, _, { limit, ...filter }) => {
    const found = cli.projectCredence().events.list(filterOf(cli, filter))
    cli.printer.list(await collect(found, countOf('--limit', limit)), EVENT_COLUMNS, 'Nothing has happened since.')
  })

  addReplay(events, act)
}

function withFilter(command: Command): Command {
  return command
    .addOption(flag('--from <place>', 'a cursor, or a time such as 2026-12-31T00:00:00Z'))
    .addOption(flag('--types <types>', 'types or prefixes such as `credential.`, with commas between'))
    .addOption(flag('--credential <id>', 'only about this credential'))
}

function filterOf(cli: Cli, { from, types, credential }: Filter) {
  return {
    from,
    types: types?.split(',').map((type) => type.trim()),
    credentialId: credential,
    onReset: ({ oldest }: { readonly oldest?: Date }) =>
      cli.terminal.err(`What came before is not kept any more${oldest === undefined ? '' : `; the oldest fact is of ${shown(oldest)}`}.`),
  }
}

function lineOf(event: CredenceEvent): string {
  return `${shown(event.time)}  ${shown(eventNameOf(event))}  ${shown(event.subject)}  ${shown(dataOf(event))}`
}
