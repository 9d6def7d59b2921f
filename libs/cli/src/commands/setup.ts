import { CodedError } from '@credence/errors'
import type { Credence, Setup } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag, several } from '../cli.ts'
import { argument, collect, countOf } from '../collect.ts'
import { openBrowser } from '../platform/open-browser.ts'
import { credentialFacts } from '../print/columns.ts'
import { SETUP_COLUMNS, setupFacts, setupLine } from '../print/setup-columns.ts'
import { fieldsOf, withFields } from '../prompts/gather-fields.ts'

/** `credence setup …`: a service that nobody has described yet, from its name or address to a verified credential. */
export function addSetup(program: Command, act: Act): void {
  const setup = program.command('setup').description('set up services from their name or address: research, guided steps, connect, verify')
  addStart(setup, act)
  addReading(setup, act)
  addSteps(setup, act)
  addConnect(setup, act)
}

interface StartOptions {
  readonly label?: string
  readonly level?: 'user' | 'project'
  readonly wait: boolean
}

function addStart(setup: Command, act: Act): void {
  const start = setup
    .command('start <service...>')
    .description('begin with one service, or with many at once: names or addresses')
    .addOption(flag('--label <text>', 'of the credential'))
    .addOption(flag('--level <level>', 'whose it is').choices(['user', 'project']))
    .option('--no-wait', 'do not wait for the research')
  act<StartOptions>(start, async (cli, services, { label, level, wait }) => {
    const credence = cli.credence()
    const [only = ''] = services
    if (services.length === 1) {
      const started = await credence.setups.start({ service: only, label, level })
      const found = wait ? await researched(cli, credence, [started]) : [started]
      for (const one of found) cli.printer.one(one, setupFacts(one))
      return
    }
    const { results } = await credence.setups.startMany(services.map((service) => ({ service, label, level })))
    results.forEach((result, i) => {
      if ('error' in result) cli.terminal.err(`${i + 1}: ${result.error.code}: ${result.error.detail}`)
    })
    const started = results.flatMap((result) => ('setup' in result ? [result.setup] : []))
    cli.printer.list(wait ? await researched(cli, credence, started) : started, SETUP_COLUMNS, 'Nothing was started.')
    if (started.length < services.length)
      throw new CodedError('INVALID_REQUEST', `${services.length - started.length} of ${services.length} were refused.`)
  })
}

/** Waits for all of them; each is told of when it has come to an end of its research. */
async function researched(cli: Cli, credence: Credence, started: readonly Setup[]): Promise<readonly Setup[]> {
  const follow = async (say: (message: string) => void): Promise<readonly Setup[]> => {
    let done = 0
    return Promise.all(
      started.map(async ({ id }) => {
        const found = await credence.setups.wait(id)
        say(`Reading public documentation: ${++done} of ${started.length} done. ${setupLine(found)}`)
        return found
      }),
    )
  }
  return cli.prompts === undefined ? follow(() => undefined) : cli.prompts.waiting('Reading public documentation', follow)
}

function addReading(setup: Command, act: Act): void {
  const get = setup.command('get <id>').description('where it stands, with its steps and where each fact comes from')
  act(get, async (cli, args) => {
    const found = await cli.credence().setups.get(argument(args, 0))
    cli.printer.one(found, setupFacts(found))
  })
  const list = setup
    .command('list')
    .description('setups, newest first')
    .addOption(flag('--batch <id>', 'of this batch'))
    .addOption(flag('--limit <n>', 'at most so many').default('50'))
  act<{ batch?: string; limit: string }>(list, async (cli, _, { batch, limit }) => {
    cli.printer.list(
      await collect(cli.credence().setups.list({ batchId: batch }), countOf('--limit', limit)),
      SETUP_COLUMNS,
      'There is no setup yet.',
    )
  })
  const wait = setup.command('wait <id>').description('wait until it needs somebody, or has ended')
  act(wait, async (cli, args) => {
    const found = await cli.credence().setups.wait(argument(args, 0))
    cli.printer.one(found, setupFacts(found))
  })
}

function addSteps(setup: Command, act: Act): void {
  const site = setup.command('site <id> <service>').description('give another name or address to research')
  act(site, async (cli, args) => {
    const credence = cli.credence()
    const found = await researched(cli, credence, [await credence.setups.research(argument(args, 0), argument(args, 1))])
    for (const one of found) cli.printer.one(one, setupFacts(one))
  })
  const accept = setup
    .command('accept <id>')
    .description('the guided steps are done: save the provider')
    .addOption(flag('--pattern <n>', 'which way to authenticate, counted from 0').default('0'))
  act<{ pattern: string }>(accept, async (cli, args, { pattern }) => {
    const accepted = await cli.credence().setups.accept(argument(args, 0), { pattern: countOf('--pattern', pattern) ?? 0 })
    cli.printer.one(accepted, setupFacts(accepted))
  })
  const cancel = setup.command('cancel <id>').description('end it where it is')
  act(cancel, async (cli, args) => {
    const ended = await cli.credence().setups.cancel(argument(args, 0))
    cli.printer.done(`${ended.id} is cancelled.`, ended)
  })
}

interface ConnectOptions {
  readonly field?: readonly string[]
  readonly fieldsStdin?: boolean
  readonly allowUnverified?: boolean
  readonly page?: boolean
  readonly returnUrl?: string
}

function addConnect(setup: Command, act: Act): void {
  const connect = setup
    .command('connect <id>')
    .description('enter the values, which are sealed and tried by one call; the only step that takes a secret')
    .addOption(several('--field <name=value>', 'a field that is no secret'))
    .addOption(flag('--fields-stdin', 'read all fields from standard input, a JSON object of texts'))
    .addOption(flag('--allow-unverified', 'keep it although the provider could not be asked'))
    .addOption(flag('--page', 'make a link to a page instead, as OAuth needs it'))
    .addOption(flag('--return-url <url>', "with --page: one of the project's return addresses"))
  act<ConnectOptions>(connect, async (cli, args, options) => {
    const credence = cli.credence()
    const found = await credence.setups.get(argument(args, 0))
    if (options.page === true) {
      const { returnUrl } = options
      const made = await credence.setups.session(found.id, returnUrl === undefined ? { confirm: 'code' } : { returnUrl })
      cli.printer.line(`Open this link in your browser:\n\n  ${made.link}\n`, made)
      if (cli.prompts !== undefined) openBrowser(made.link)
      return
    }
    if (found.providerId === undefined || found.providerVersion === undefined) {
      throw new CodedError('SETUP_STEP', `The setup is at ${found.state}: \`credence setup accept ${found.id}\` comes first.`)
    }
    const { payloadJson } = await credence.providers.get(found.providerId, found.providerVersion)
    const fromInput = options.fieldsStdin === true
    const sources = { given: options.field ?? [], input: fromInput ? cli.input : undefined, prompts: fromInput ? undefined : cli.prompts }
    const made = await withFields(await fieldsOf(payloadJson, found.pattern), sources, (fields) => {
      const work = () => credence.setups.connect(found.id, { fields, allowUnverified: options.allowUnverified })
      return cli.prompts === undefined ? work() : cli.prompts.waiting('Sealing and verifying', work)
    })
    cli.printer.one(made, credentialFacts(made))
  })
}
