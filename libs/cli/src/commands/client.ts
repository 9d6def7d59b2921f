import type { OauthClient } from '@credence/sdk'
import { type Command, Option } from 'commander'
import { type Act, type Cli, flag, several } from '../cli.ts'
import { argument, pairsOf } from '../collect.ts'
import { findProvider } from '../find-provider.ts'
import { withSecret } from '../prompts/with-secret.ts'

/** `credence client …`: the OAuth client of a provider, registered once by an administrator. */
export function addClient(program: Command, act: Act): void {
  const client = program.command('client').description('the OAuth client of a provider, registered once for the project')

  const put = client
    .command('put <provider>')
    .description('register it, or take a new secret of it; the secret is asked for, or read from standard input')
    .addOption(new Option('--id <id>', 'the client id that the provider gave').env('CREDENCE_CLIENT_ID').makeOptionMandatory())
    .addOption(flag('--public', 'a public client: it has no secret'))
    .addOption(several('--field <name=value>', 'what the provider asks for beside the id, such as config_id=…'))
  act<{ id: string; public?: boolean; field?: readonly string[] }>(put, async (cli, args, { id, public: isPublic, field }) => {
    const credence = cli.credence()
    const provider = await findProvider(credence, argument(args, 0))
    const save = (clientSecret: Uint8Array | undefined): Promise<OauthClient> =>
      credence.clients.put(provider.id, { clientId: id, clientSecret, fields: pairsOf('--field', field) })
    show(cli, isPublic === true ? await save(undefined) : await withSecret(cli, `Client secret of ${provider.displayName}`, save))
    if (cli.printer.format === 'table') cli.terminal.err('Enter the redirect address at the provider, letter by letter.')
  })

  const get = client.command('get <provider>').description('its id and the redirect address to enter at the provider')
  act(get, async (cli, args) => {
    const credence = cli.credence()
    show(cli, await credence.clients.get((await findProvider(credence, argument(args, 0))).id))
  })
}

function show(cli: Cli, client: OauthClient): void {
  cli.printer.one(client, [
    ['id', client.id],
    ['provider', client.providerId],
    ['client id', client.clientId],
    ['redirect address', client.redirectUri],
    ...Object.entries(client.fields ?? {}),
  ])
}
