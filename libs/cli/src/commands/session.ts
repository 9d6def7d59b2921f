import type { NewSession } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, flag, several } from '../cli.ts'
import { argument, countOf } from '../collect.ts'
import { findProvider } from '../find-provider.ts'
import { credentialFacts, sessionFacts } from '../print/columns.ts'

interface CreateOptions {
  readonly credential?: string
  readonly pattern?: string
  readonly label?: string
  readonly level?: 'user' | 'project'
  readonly confirm?: NewSession['confirm']
  readonly returnUrl?: string
  readonly scope?: readonly string[]
}

/** The options that a connect session has, wherever one is made. */
export function withSessionOptions(command: Command): Command {
  return command
    .addOption(flag('--credential <id>', 'reconnect this one; its id stays'))
    .addOption(flag('--pattern <n>', 'offer this way to authenticate alone, counted from 0'))
    .addOption(flag('--label <text>', 'shown to people'))
    .addOption(flag('--level <level>', 'whose it is').choices(['user', 'project']))
    .addOption(flag('--confirm <how>', 'how the person is proven to be the same at both ends').choices(['host', 'code', 'login', 'none']))
    .addOption(flag('--return-url <url>', "one of the project's return addresses"))
    .addOption(several('--scope <scope>', 'ask for this scope'))
}

export function newSessionOf(options: CreateOptions, providerId: string | undefined): NewSession {
  const { credential, pattern, label, level, confirm, returnUrl, scope } = options
  return {
    providerId,
    credentialId: credential,
    pattern: countOf('--pattern', pattern),
    label,
    level,
    confirm,
    returnUrl,
    scopes: scope,
  }
}

/** `credence session …`: the steps of `credence connect` one by one, for scripts. */
export function addSession(program: Command, act: Act): void {
  const session = program.command('session').description('connect sessions, step by step; `credence connect` does all of it')
  addCreate(session, act)
  addFollowing(session, act)
  addEnding(session, act)
}

function addCreate(session: Command, act: Act): void {
  const create = withSessionOptions(session.command('create [provider]').description('make a session and the link to open'))
  act<CreateOptions>(create, async (cli, [provider], options) => {
    const credence = cli.credence()
    const providerId = provider === undefined ? undefined : (await findProvider(credence, provider)).id
    const made = await credence.sessions.create(newSessionOf(options, providerId))
    cli.printer.one(made, [...sessionFacts(made.session), ['link', made.link]])
  })
}

function addFollowing(session: Command, act: Act): void {
  const get = session.command('get <id>').description('its state')
  act(get, async (cli, args) => {
    const found = await cli.credence().sessions.get(argument(args, 0))
    cli.printer.one(found, sessionFacts(found))
  })

  const wait = session
    .command('wait <id>')
    .description('wait until it has ended')
    .addOption(flag('--timeout <seconds>', 'give up waiting after so long').default('600'))
  act<{ timeout?: string }>(wait, async (cli, args, { timeout }) => {
    const timeoutMs = (countOf('--timeout', timeout) ?? 0) * 1000
    const found = await cli.credence().sessions.wait(argument(args, 0), { timeoutMs })
    cli.printer.one(found, sessionFacts(found))
  })
}

function addEnding(session: Command, act: Act): void {
  const complete = session
    .command('complete <id> <code>')
    .description('confirm the person with the one-time code or the six digits')
    .addOption(flag('--confirm-account-change', 'take it although it is another account than before'))
  act<{ confirmAccountChange?: boolean }>(complete, async (cli, args, { confirmAccountChange }) => {
    const done = await cli.credence().sessions.complete(argument(args, 0), { code: argument(args, 1), confirmAccountChange })
    cli.printer.one(done, credentialFacts(done.credential))
  })

  const cancel = session.command('cancel <id>').description('end it and destroy what it sealed')
  act(cancel, async (cli, args) => {
    const ended = await cli.credence().sessions.cancel(argument(args, 0))
    cli.printer.done(`${ended.id} is ${ended.state.replaceAll('_', ' ')}.`, ended)
  })
}
