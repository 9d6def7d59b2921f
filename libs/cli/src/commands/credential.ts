import type { Credential } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, flag } from '../cli.ts'
import { argument, collect, countOf } from '../collect.ts'
import { CONSUMER_COLUMNS, CREDENTIAL_COLUMNS, credentialFacts, HISTORY_COLUMNS } from '../print/columns.ts'
import { addCredentialSecrets } from './credential-secrets.ts'

/** `credence credential …` */
export function addCredential(program: Command, act: Act): void {
  const credential = program.command('credential').description('look at and change credentials; none of this ever shows a secret')
  addReading(credential, act)
  addMoves(credential, act)
  addSharing(credential, act)
  addConsumers(credential, act)
  addCredentialSecrets(credential, act)
}

function addReading(parent: Command, act: Act): void {
  const list = parent
    .command('list')
    .description('the credentials that you may see')
    .addOption(flag('--provider <id>', 'only of this provider'))
    .addOption(flag('--status <status>', 'only with this status').choices(['active', 'expired', 'disabled']))
    .addOption(flag('--limit <n>', 'at most so many'))
  act<{ provider?: string; status?: Credential['status']; limit?: string }>(list, async (cli, _, { provider, status, limit }) => {
    const found = cli.credence().credentials.list({ providerId: provider, status })
    cli.printer.list(
      await collect(found, countOf('--limit', limit)),
      CREDENTIAL_COLUMNS,
      'No credentials. Connect one: credence connect <provider>',
    )
  })

  const get = parent.command('get <id>').description('one credential with all that is known of it')
  act(get, async (cli, args) => {
    const found = await cli.credence().credentials.get(argument(args, 0))
    cli.printer.one(found, credentialFacts(found))
  })

  const history = parent
    .command('history <id>')
    .description('who did what with it, newest first')
    .addOption(flag('--limit <n>', 'at most so many').default('50'))
  act<{ limit?: string }>(history, async (cli, args, { limit }) => {
    const entries = cli.credence().history.list(argument(args, 0))
    cli.printer.list(await collect(entries, countOf('--limit', limit)), HISTORY_COLUMNS, 'Nothing has happened yet.')
  })
}

function addMoves(parent: Command, act: Act): void {
  const disable = parent
    .command('disable <id>')
    .description('stop every use at once')
    .addOption(flag('--reason <word>', 'why, for the record'))
  act<{ reason?: string }>(disable, async (cli, args, { reason }) => {
    const changed = await cli.credence().credentials.disable(argument(args, 0), reason)
    cli.printer.done(`${changed.id} is disabled: no use starts from now on.`, changed)
  })

  const enable = parent.command('enable <id>').description('back in force')
  act(enable, async (cli, args) => {
    const answer = await cli.credence().credentials.enable(argument(args, 0))
    const refreshed = answer.refreshOutcome === undefined ? '' : ` Refresh: ${answer.refreshOutcome}.`
    cli.printer.done(`${answer.credential.id} is ${answer.credential.status}.${refreshed}`, answer)
  })

  const verify = parent.command('verify <id>').description('prove it by one safe read-only call')
  act(verify, async (cli, args) => {
    const verdict = await cli.credence().credentials.verify(argument(args, 0))
    cli.printer.one(verdict, [
      ['verdict', verdict.verdict],
      ['account', verdict.account?.name],
      ['cause', verdict.cause],
      ['says', verdict.sentence],
      ['status', verdict.upstreamStatus || undefined],
    ])
  })

  const remove = parent
    .command('delete <id>')
    .description('revoke at the provider where it declares how, then delete')
    .addOption(flag('--force', 'although consumers use it'))
  act<{ force?: boolean }>(remove, async (cli, args, { force }) => {
    const id = argument(args, 0)
    const answer = await cli.credence().credentials.delete(id, { force: force ?? false })
    const told = answer.orphaned.length === 0 ? '' : ` Consumers that were told: ${answer.orphaned.length}.`
    cli.printer.done(`${id} is deleted. Revocation at the provider: ${answer.revocation.replaceAll('_', ' ')}.${told}`, answer)
  })
}

function addSharing(parent: Command, act: Act): void {
  const share = parent
    .command('share <id> <with>')
    .description('let others use or manage it: project, usr_…, id:… or email:…')
    .addOption(flag('--permission <permission>', 'what they may do').choices(['use', 'manage']).default('use'))
  act<{ permission: 'use' | 'manage' }>(share, async (cli, args, { permission }) => {
    const subject = argument(args, 1)
    const changed = await cli.credence().credentials.share(argument(args, 0), { with: subject, permission })
    cli.printer.done(`${changed.id} is shared with ${subject} (${permission}).`, changed)
  })

  const unshare = parent.command('unshare <id> <with>').description('take a share away')
  act(unshare, async (cli, args) => {
    const changed = await cli.credence().credentials.unshare(argument(args, 0), { with: argument(args, 1) })
    cli.printer.done(`${changed.id} is no longer shared with ${argument(args, 1)}.`, changed)
  })

  const transfer = parent.command('transfer <id> <to>').description('give it to another owner')
  act(transfer, async (cli, args) => {
    const changed = await cli.credence().credentials.transfer(argument(args, 0), argument(args, 1))
    cli.printer.done(`${changed.id} belongs to ${argument(args, 1)}.`, changed)
  })
}

function addConsumers(parent: Command, act: Act): void {
  const consumers = parent.command('consumers <id>').description('where it is used')
  act(consumers, async (cli, args) => {
    cli.printer.list(await collect(cli.credence().consumers.list(argument(args, 0))), CONSUMER_COLUMNS, 'Nothing is bound to it.')
  })

  const bind = parent
    .command('bind <id> <reference>')
    .description('bind a tool, a channel or an agent, by what your own system calls it')
    .addOption(flag('--kind <kind>', 'what it is').choices(['tool', 'channel', 'agent']).default('tool'))
    .addOption(flag('--label <text>', 'shown to people'))
  act<{ kind: 'tool' | 'channel' | 'agent'; label?: string }>(bind, async (cli, args, { kind, label }) => {
    const bound = await cli.credence().consumers.bind({ credentialId: argument(args, 0), kind, externalRef: argument(args, 1), label })
    cli.printer.done(`${bound.id} is bound to ${bound.credentialId}.`, bound)
  })

  const unbind = parent.command('unbind <consumer>').description('unbind csmr_…')
  act(unbind, async (cli, args) => {
    await cli.credence().consumers.unbind(argument(args, 0))
    cli.printer.done(`${argument(args, 0)} is unbound.`, { id: argument(args, 0) })
  })
}
