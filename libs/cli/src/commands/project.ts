import { CodedError } from '@credence/errors'
import type { Project } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag, several } from '../cli.ts'

interface Settings {
  readonly name?: string
  readonly returnUrl?: readonly string[]
  readonly origin?: readonly string[]
  readonly confirm?: string
  readonly reconnectUrl?: string
  readonly consoleIssuer?: string
  readonly consoleClientId?: string
}

/** `credence project …` */
export function addProject(program: Command, act: Act): void {
  const project = program.command('project').description('the settings of the project that the key belongs to')

  const get = project.command('get').description('read them')
  act(get, async (cli) => show(cli, await cli.credence().project.get()))

  const set = project
    .command('set')
    .description('change what is given; lists are taken whole')
    .addOption(flag('--name <text>', 'shown to people'))
    .addOption(several('--return-url <url>', 'where people come back to after connecting'))
    .addOption(several('--origin <url>', 'a site that may embed'))
    .addOption(flag('--confirm <how>', 'how a person is proven to be the same at both ends').choices(['host', 'code', 'login', 'none']))
    .addOption(flag('--reconnect-url <url>', 'where your own application starts a reconnect'))
    .addOption(flag('--console-issuer <url>', 'OpenID Connect issuer that people sign in to the console with; `none` removes it'))
    .addOption(flag('--console-client-id <id>', 'the client id at that issuer'))
  act<Settings>(set, async (cli, _, settings) => {
    const { name, returnUrl: returnUrls, origin: origins, confirm, reconnectUrl } = settings
    const consoleIssuer = issuerOf(settings)
    const change = { name, returnUrls, origins, confirm, reconnectUrl, consoleIssuer }
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    if (Object.keys(given).length === 0)
      throw new CodedError('INVALID_SETTING', 'Give what is to be changed: see `credence project set --help`.')
    show(cli, await cli.credence().project.update(given))
  })
}

function issuerOf({ consoleIssuer, consoleClientId }: Settings): Project['consoleIssuer'] | null {
  if (consoleIssuer === 'none') return null
  if (consoleIssuer === undefined && consoleClientId === undefined) return undefined
  if (consoleIssuer === undefined || consoleClientId === undefined) {
    throw new CodedError('INVALID_SETTING', 'Give `--console-issuer` and `--console-client-id` together.')
  }
  return { issuer: consoleIssuer, clientId: consoleClientId }
}

function show(cli: Cli, project: Project): void {
  const { consoleIssuer: issuer } = project
  cli.printer.one(project, [
    ['id', project.id],
    ['name', project.name],
    ['return addresses', project.returnUrls.join(' ')],
    ['origins', project.origins.join(' ')],
    ['confirm', project.confirm],
    ['reconnect address', project.reconnectUrl],
    ['console issuer', issuer === undefined ? undefined : `${issuer.issuer} (${issuer.clientId})`],
  ])
}
