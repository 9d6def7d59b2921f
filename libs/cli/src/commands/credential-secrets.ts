import { CodedError } from '@credence/errors'
import type { NewCredential } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag, several } from '../cli.ts'
import { argument, countOf, pairsOf, timeOf } from '../collect.ts'
import { findProvider } from '../find-provider.ts'
import { credentialFacts } from '../print/columns.ts'
import { type FieldSources, fieldsOf, withFields } from '../prompts/gather-fields.ts'

interface SecretOptions {
  readonly field?: readonly string[]
  readonly fieldsStdin?: boolean
  readonly expiresAt?: string
  readonly allowUnverified?: boolean
}

interface CreateOptions extends SecretOptions {
  readonly pattern?: string
  readonly label?: string
  readonly level?: 'user' | 'project'
  readonly tag?: readonly string[]
}

/** `create`, `replace` and `relabel`: the commands that take the provider's fields, and the one for what stands beside them. */
export function addCredentialSecrets(parent: Command, act: Act): void {
  addCreate(parent, act)
  addReplace(parent, act)
  addRelabel(parent, act)
}

function addCreate(parent: Command, act: Act): void {
  const create = withSecretOptions(parent.command('create <provider>').description('connect with values at hand; asks for the secret ones'))
    .addOption(flag('--pattern <n>', 'which way to authenticate, counted from 0').default('0'))
    .addOption(flag('--label <text>', 'shown to people'))
    .addOption(flag('--level <level>', 'whose it is').choices(['user', 'project']))
    .addOption(several('--tag <name=value>', 'a mark of your own'))
  act<CreateOptions>(create, async (cli, args, options) => {
    const credence = cli.credence()
    const provider = await findProvider(credence, argument(args, 0))
    const pattern = countOf('--pattern', options.pattern) ?? 0
    const plain: Omit<NewCredential, 'fields'> = {
      providerId: provider.id,
      pattern,
      label: options.label,
      level: options.level,
      tags: pairsOf('--tag', options.tag),
      expiresAt: timeOf('--expires-at', options.expiresAt),
      allowUnverified: options.allowUnverified,
    }
    const made = await withFields(await fieldsOf(provider.payloadJson, pattern), sourcesOf(cli, options), (fields) =>
      working(cli, 'Sealing and verifying', () => credence.credentials.create({ ...plain, fields })),
    )
    cli.printer.one(made, credentialFacts(made))
  })
}

function addReplace(parent: Command, act: Act): void {
  const replace = withSecretOptions(
    parent.command('replace <id>').description('replace the secret; the one in force stays until the new one is proven'),
  ).addOption(flag('--confirm-account-change', 'take it although it belongs to another account'))
  act<SecretOptions & { confirmAccountChange?: boolean }>(replace, async (cli, args, options) => {
    const credence = cli.credence()
    const before = await credence.credentials.get(argument(args, 0))
    const { payloadJson } = await credence.providers.get(before.providerId)
    const { allowUnverified, confirmAccountChange } = options
    const expiresAt = timeOf('--expires-at', options.expiresAt)
    const made = await withFields(await fieldsOf(payloadJson, before.pattern), sourcesOf(cli, options), (fields) =>
      working(cli, 'Sealing and verifying', () =>
        credence.credentials.replaceSecret(before.id, { fields, expiresAt, allowUnverified, confirmAccountChange }),
      ),
    )
    cli.printer.done(`${made.id} has a new secret.`, made)
  })
}

function addRelabel(parent: Command, act: Act): void {
  const relabel = parent
    .command('relabel <id>')
    .description('change label and tags; tags that are given take the place of all')
    .addOption(flag('--label <text>', 'shown to people'))
    .addOption(several('--tag <name=value>', 'a mark of your own'))
  act<{ label?: string; tag?: readonly string[] }>(relabel, async (cli, args, { label, tag }) => {
    const tags = pairsOf('--tag', tag)
    if (label === undefined && tags === undefined) throw new CodedError('INVALID_SETTING', 'Give `--label` or `--tag`.')
    const change = { ...(label === undefined ? {} : { label }), ...(tags === undefined ? {} : { tags }) }
    const changed = await cli.credence().credentials.relabel(argument(args, 0), change)
    cli.printer.one(changed, credentialFacts(changed))
  })
}

function withSecretOptions(command: Command): Command {
  return command
    .addOption(several('--field <name=value>', 'a field that is no secret'))
    .addOption(flag('--fields-stdin', 'read all fields from standard input, a JSON object of texts'))
    .addOption(flag('--expires-at <time>', 'when the secret ends by its own statement'))
    .addOption(flag('--allow-unverified', 'keep it although the provider could not be asked'))
}

function sourcesOf(cli: Cli, { field, fieldsStdin }: SecretOptions): FieldSources {
  return {
    given: field ?? [],
    input: fieldsStdin === true ? cli.input : undefined,
    prompts: fieldsStdin === true ? undefined : cli.prompts,
  }
}

async function working<T>(cli: Cli, message: string, work: () => Promise<T>): Promise<T> {
  return cli.prompts === undefined ? work() : cli.prompts.waiting(message, work)
}
