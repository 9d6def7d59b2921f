import type { Key } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag } from '../cli.ts'
import { argument, collect, countOf, timeOf } from '../collect.ts'
import { KEY_COLUMNS } from '../print/columns.ts'

interface CreateOptions {
  readonly label?: string
  readonly role?: 'owner' | 'admin' | 'member' | 'auditor'
  readonly scopes?: string
  readonly expiresAt?: string
}

/** `credence key …`: API keys of callers, and the keys that secrets are wrapped with. */
export function addKey(program: Command, act: Act): void {
  const key = program.command('key').description('API keys, and the key that the secrets of the project are wrapped with')

  const create = key
    .command('create')
    .description('make an API key; it is shown once')
    .addOption(flag('--label <text>', 'what it is for'))
    .addOption(flag('--role <role>', 'whose scopes it has').choices(['owner', 'admin', 'member', 'auditor']))
    .addOption(flag('--scopes <scopes>', 'instead of a role, with commas between: use,act_for'))
    .addOption(flag('--expires-at <time>', 'when it ends'))
  act<CreateOptions>(create, async (cli, _, { label, role, scopes, expiresAt }) => {
    const list = scopes?.split(',').map((scope) => scope.trim())
    showOnce(cli, await cli.credence().keys.create({ label, role, scopes: list, expiresAt: timeOf('--expires-at', expiresAt) }))
  })

  const list = key.command('list').description('API keys, without their secrets')
  act(list, async (cli) => cli.printer.list(await collect(cli.credence().keys.list()), KEY_COLUMNS, 'There are no keys.'))

  const rotate = key
    .command('rotate <id>')
    .description('a new secret for the same API key; it is shown once')
    .addOption(flag('--overlap <seconds>', 'how long the former one stays valid; 24 h unless given'))
  act<{ overlap?: string }>(rotate, async (cli, args, { overlap }) => {
    showOnce(cli, await cli.credence().keys.rotate(argument(args, 0), { overlapS: countOf('--overlap', overlap) }))
  })

  const revoke = key.command('revoke <id>').description('revoke an API key at once')
  act(revoke, async (cli, args) => {
    await cli.credence().keys.revoke(argument(args, 0))
    cli.printer.done(`${argument(args, 0)} is revoked.`, { id: argument(args, 0) })
  })
  addRotateProject(key, act)
}

function addRotateProject(key: Command, act: Act): void {
  const rotateProject = key
    .command('rotate-project')
    .description('wrap every secret of the project under a fresh key, while everything goes on')
    .addOption(flag('--retire', 'destroy the former keys: backups from before can no longer be read'))
  act<{ retire?: boolean }>(rotateProject, async (cli, _, { retire }) => {
    const { project } = cli.credence()
    const rotate = async (say: (message: string) => void): Promise<{ projectKeyId: string; done: number; total: number }> => {
      let last = { projectKeyId: '', done: 0, total: 0 }
      for await (const step of project.rotateKeys({ retire })) {
        last = step
        say(`Wrapped ${step.done} of ${step.total}`)
      }
      return last
    }
    const last =
      cli.prompts === undefined ? await rotate((message) => cli.terminal.err(message)) : await cli.prompts.waiting('Wrapping', rotate)
    const retired = retire === true ? ' The former keys are destroyed.' : ''
    cli.printer.done(`${last.done} secrets are wrapped under ${last.projectKeyId}.${retired}`, last)
  })
}

function showOnce(cli: Cli, made: { readonly key: Key; readonly secret: string }): void {
  cli.printer.one(made, [
    ['id', made.key.id],
    ['label', made.key.label],
    ['scopes', made.key.scopes.join(' ')],
    ['expires', made.key.expiresAt],
    ['key', made.secret],
  ])
  if (cli.printer.format === 'table') cli.terminal.err('The key is shown this once and kept nowhere: put it where it is needed now.')
}
