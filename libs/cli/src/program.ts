import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { actWith, flag, type GlobalFlags, type Surroundings } from './cli.ts'
import { addCa } from './commands/ca.ts'
import { addCapability } from './commands/capability.ts'
import { addChannel } from './commands/channel.ts'
import { addClient } from './commands/client.ts'
import { addConnect } from './commands/connect.ts'
import { addConsent } from './commands/consent.ts'
import { addCredential } from './commands/credential.ts'
import { addDoctor } from './commands/doctor.ts'
import { addEvents } from './commands/events.ts'
import { addHistory } from './commands/history.ts'
import { addIdentity } from './commands/identity.ts'
import { addKey } from './commands/key.ts'
import { addMigrate } from './commands/migrate.ts'
import { addProject } from './commands/project.ts'
import { addProvider } from './commands/provider.ts'
import { addSession } from './commands/session.ts'
import { addSetup } from './commands/setup.ts'
import { addWidget } from './commands/widget.ts'
import { addDev } from './dev.ts'
import { EXIT, tellFailure } from './print/failure.ts'
import { addServe } from './serve.ts'

const AFTER = `
Every flag can be set by its variable: --page-size by CREDENCE_PAGE_SIZE. The API key is CREDENCE_KEY alone, or is found in
<home>/client.json, which \`credence dev\` writes. Secrets are asked for, or read from standard input; they are never flags.

Ends with 0 when done, 1 when refused, 2 when used wrongly, 3 when the platform is not available, 130 when stopped.`

/** The commands of `credence`, on these surroundings. */
export function buildProgram(surroundings: Surroundings): Command {
  const { terminal } = surroundings
  const program = new Command('credence')
    .description('keep credentials; call outside services with an id')
    .addOption(
      new Option('-o, --output <format>', 'how results are printed').choices(['table', 'json']).default('table').env('CREDENCE_OUTPUT'),
    )
    .addOption(flag('--home <folder>', 'data folder of the platform on this machine').default('./.credence'))
    .addOption(flag('--api-url <url>', 'the admin listener of another platform'))
    .addOption(flag('--proxy-url <url>', 'its data listener'))
    .addOption(flag('--user <name>', 'whom to act for: usr_…, id:… or email:…'))
    .version(version(), '-V, --version', 'tell the version')
    .addHelpText('after', AFTER)
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.err(text.trimEnd()) })
  const act = actWith(surroundings)
  const commands = [
    addDev,
    addServe,
    addConnect,
    addCredential,
    addProvider,
    addCapability,
    addIdentity,
    addConsent,
    addClient,
    addChannel,
    addSession,
    addSetup,
    addEvents,
    addHistory,
    addKey,
    addProject,
    addWidget,
    addCa,
    addMigrate,
    addDoctor,
  ]
  for (const add of commands) add(program, act)
  return program
}

/** Of the package, which is that of the platform. */
function version(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version
}

/** Runs one command line and gives its exit code. Throws nothing. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const program = buildProgram(surroundings)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return EXIT.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    return tellFailure(error, surroundings.terminal, program.opts<GlobalFlags>().output)
  }
}
