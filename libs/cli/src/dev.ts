import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join, resolve } from 'node:path'
import { isCoded } from '@credence/errors'
import type { Command } from 'commander'
import type { Act, Cli } from './cli.ts'
import { readClientFile, writeClientFile } from './client-file.ts'
import { announcementJson, announcementText } from './dev/announce.ts'
import { type BusyPort, busyPortsError, busyPortsOf, describeBusy, flagsOf } from './dev/busy-ports.ts'
import { loadStandalone, type RunningPlatform, type Standalone } from './dev/standalone.ts'
import { printSettings } from './print/settings.ts'

/** Who the commands of this folder act for: the user that the one-time sign-in link signs in as. */
const LOCAL_USER = 'id:admin'

/** `credence dev`: the whole platform in this process, until Ctrl-C. Every setting of the platform is a flag of it. */
export function addDev(program: Command, act: Act): void {
  const dev = program
    .command('dev')
    .description('run the whole platform on this machine; takes every setting as a flag, for instance --public-port 8400')
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText('after', '\nWith --help-settings: every setting.')
    .option('--help-settings', 'list every setting with what it does')
  act<{ helpSettings?: boolean }>(dev, async (cli, args, { helpSettings }) => {
    const standalone = await loadStandalone()
    if (helpSettings === true) return printSettings(cli.printer, standalone.STANDALONE_SETTINGS)
    const { runUntilSignal } = await import('@credence/service')
    await runUntilSignal(() => start(cli, standalone, [...(cli.isHomeGiven ? ['--home', cli.home] : []), ...args]))
  })
}

async function start(cli: Cli, standalone: Standalone, args: readonly string[]): Promise<{ stop(): Promise<void> }> {
  // Also a configuration file may name it.
  const home = resolve(standalone.readConfig(args).settings.home)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const logFile = cli.prompts === undefined ? undefined : join(home, 'credence.log')
  const log = logFile === undefined ? undefined : createWriteStream(logFile, { flags: 'a', mode: 0o600 })
  const running = await startOrAsk(cli, standalone, { args, log })
  remember(running)
  const announcement = { running, signIn: await running.signInLink(), logFile }
  const json = cli.printer.format === 'json'
  cli.terminal.out(json ? JSON.stringify(announcementJson(announcement)) : announcementText(announcement))
  return {
    async stop() {
      cli.terminal.err('Draining: what is under way is finished. Ctrl-C again leaves at once.')
      await running.stop()
      log?.end()
      cli.terminal.err('Stopped.')
    },
  }
}

interface Attempt {
  readonly args: readonly string[]
  readonly log: WriteStream | undefined
}

/** A busy port is named with its holder; at a terminal a free one is offered. */
async function startOrAsk(cli: Cli, standalone: Standalone, { args, log }: Attempt): Promise<RunningPlatform> {
  const config = standalone.readConfig(args)
  try {
    return await standalone.startStandalone(config, log === undefined ? {} : { writeLog: (line) => void log.write(line) })
  } catch (error) {
    if (!isCoded(error, 'PORT_IN_USE')) throw error
    const busy = await busyPortsOf(error.details.faults ?? [], config, standalone.STANDALONE_SETTINGS)
    if (busy.length === 0) throw error
    if (!(await agreesToMove(cli, busy))) throw busyPortsError(busy)
    return startOrAsk(cli, standalone, { args: [...args, ...flagsOf(busy)], log })
  }
}

async function agreesToMove(cli: Cli, busy: readonly BusyPort[]): Promise<boolean> {
  if (cli.prompts === undefined) return false
  for (const one of busy) cli.terminal.err(describeBusy(one))
  return cli.prompts.confirm(`Start with ${busy.map(({ flag, free }) => `${flag} ${free}`).join(' ')} instead?`)
}

/** Later commands find the platform, and the key of its first start, in its folder. */
function remember({ addresses, home, firstKey }: RunningPlatform): void {
  const before = readClientFile(home)
  const key = firstKey ?? before?.key
  writeClientFile(home, {
    apiUrl: addresses.admin,
    proxyUrl: addresses.data,
    publicUrl: addresses.public,
    grpc: addresses.api,
    ...(key === undefined ? {} : { key }),
    user: before?.user ?? LOCAL_USER,
  })
}
