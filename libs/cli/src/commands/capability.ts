import { CodedError } from '@credence/errors'
import type { Capability, Grant, NewCapability } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag, several } from '../cli.ts'
import { argument, collect, countOf } from '../collect.ts'
import { findProvider } from '../find-provider.ts'
import { CAPABILITY_COLUMNS, capabilityFacts, sessionFacts, verdictFacts } from '../print/columns.ts'
import { readFileOr } from '../read-file.ts'

/** `credence capability …` */
export function addCapability(program: Command, act: Act): void {
  const capability = program.command('capability').description('what agents may do with a provider, and with whose credential')
  addSaving(capability, act)
  addReading(capability, act)
  addConversation(capability, act)
}

type Saved = Awaited<ReturnType<ReturnType<Cli['credence']>['capabilities']['create']>>

function addSaving(parent: Command, act: Act): void {
  const create = parent.command('create <file>').description('make one of a JSON file with the names of the API; - reads standard input')
  act(create, async (cli, args) => saved(cli, await cli.credence().capabilities.create(await readCapability(cli, argument(args, 0)))))

  const update = parent.command('update <id> <file>').description('save it whole in place of the one before')
  act(update, async (cli, args) =>
    saved(cli, await cli.credence().capabilities.update(argument(args, 0), await readCapability(cli, argument(args, 1)))),
  )

  const validate = parent
    .command('validate <file>')
    .description('find every fault and try the credential once; saves nothing')
    .addOption(flag('--id <capability>', 'as an update of this one'))
  act<{ id?: string }>(validate, async (cli, args, { id }) => {
    const wanted = await readCapability(cli, argument(args, 0))
    const tried = await cli.credence().capabilities.validate(wanted, id === undefined ? {} : { capabilityId: id })
    cli.printer.one(tried, [['faults', 'none'], ...verdictFacts(tried.verification)])
  })

  const remove = parent
    .command('delete <id>')
    .description('no call goes through it any more; says what used it')
    .addOption(flag('--force', 'although customers have granted it something'))
  act<{ force?: boolean }>(remove, async (cli, args, { force }) => {
    const id = argument(args, 0)
    const used = await cli.credence().capabilities.delete(id, { force: force ?? false })
    const credential = used.credentialId === undefined ? '' : ` It used ${used.credentialId}.`
    const customers = used.customers === 0 ? '' : ` Customers who had granted it something: ${used.customers}.`
    cli.printer.done(`${id} is deleted.${credential}${customers}`, { id, ...used })
  })
}

function addReading(parent: Command, act: Act): void {
  const list = parent
    .command('list')
    .description('the capabilities of the project')
    .addOption(flag('--provider <provider>', 'only of this provider'))
    .addOption(flag('--limit <n>', 'at most so many'))
  act<{ provider?: string; limit?: string }>(list, async (cli, _, { provider, limit }) => {
    const credence = cli.credence()
    const providerId = provider === undefined ? undefined : (await findProvider(credence, provider)).id
    const found = await collect(credence.capabilities.list({ providerId }), countOf('--limit', limit))
    cli.printer.list(found, CAPABILITY_COLUMNS, 'No capabilities. Make one: credence capability create FILE')
  })

  const get = parent.command('get <id>').description('one capability')
  act(get, async (cli, args) => shown(cli, await cli.credence().capabilities.get(argument(args, 0))))
}

interface ConnectOptions {
  readonly confirm?: 'host' | 'code' | 'login' | 'none'
  readonly returnUrl?: string
  readonly label?: string
  readonly scope?: readonly string[]
  readonly wait?: string
}

function addConversation(parent: Command, act: Act): void {
  const connect = parent
    .command('connect <id>')
    .description('ask the customer of `--user` for what it uses, and print the link to show')
    .addOption(flag('--confirm <how>', 'how the customer is proven to be the same at both ends').choices(['host', 'code', 'login', 'none']))
    .addOption(flag('--return-url <url>', "one of the project's return addresses"))
    .addOption(flag('--label <text>', 'shown to people'))
    .addOption(several('--scope <scope>', 'ask for this scope'))
    .addOption(flag('--wait <seconds>', 'wait so long for the end of the conversation'))
  act<ConnectOptions>(connect, async (cli, args, { confirm, returnUrl, label, scope, wait }) => {
    const asked = { confirm, returnUrl, label, scopes: scope }
    const grant = await cli.credence().capabilities.connect(argument(args, 0), asked)
    cli.printer.one({ session: grant.session, link: grant.link }, [...sessionFacts(grant.session), ['link', grant.link]])
    const seconds = countOf('--wait', wait)
    if (seconds === undefined || grant.session.state === 'connected') return
    const session = await waitFor(cli, grant, seconds * 1000)
    cli.printer.one(session, sessionFacts(session))
  })
}

function waitFor(cli: Cli, grant: Grant, timeoutMs: number): ReturnType<Grant['wait']> {
  if (cli.prompts === undefined) return grant.wait({ timeoutMs })
  return cli.prompts.waiting('Waiting for the customer', () => grant.wait({ timeoutMs }))
}

function saved(cli: Cli, answer: Saved): void {
  const { capability, verification } = answer
  cli.printer.one(answer, [...capabilityFacts(capability), ...verdictFacts(verification)])
  if (verification?.verdict !== 'failed' || cli.printer.format === 'json') return
  cli.terminal.err(`It is saved, but the provider refuses its credential: ${verification.sentence ?? verification.cause ?? 'verify it'}`)
}

function shown(cli: Cli, capability: Capability): void {
  cli.printer.one(capability, capabilityFacts(capability))
}

/** Names of the API go as they are, and so do faults: their pointers then lead into the file. */
async function readCapability(cli: Cli, file: string): Promise<NewCapability> {
  const bytes = await readFileOr(cli.input, file)
  try {
    return JSON.parse(bytes.toString('utf8')) as NewCapability
  } catch {
    throw new CodedError('INVALID_SETTING', `${file} is not JSON.`)
  }
}
