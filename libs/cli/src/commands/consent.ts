import type { Command } from 'commander'
import { type Act, flag, several } from '../cli.ts'
import { argument, collect, countOf } from '../collect.ts'
import { CONSENT_COLUMNS, consentFacts } from '../print/columns.ts'

interface GiveOptions {
  readonly purpose?: string
  readonly scope?: readonly string[]
  readonly how?: 'conversation' | 'page' | 'api'
}

/** `credence consent …` */
export function addConsent(program: Command, act: Act): void {
  const consent = program.command('consent').description('what customers consented to, by whom, when, and until when')

  const give = consent
    .command('give <capability>')
    .description('record that the customer of `--user` consents to what the capability asks for')
    .addOption(flag('--purpose <text>', 'as it was shown to him'))
    .addOption(several('--scope <scope>', 'as it was shown to him'))
    .addOption(flag('--how <how>', 'where he said so').choices(['conversation', 'page', 'api']))
  act<GiveOptions>(give, async (cli, args, { purpose, scope: scopes, how }) => {
    const given = await cli.credence().consents.give(argument(args, 0), { purpose, scopes, how })
    cli.printer.one(given, consentFacts(given))
  })

  const list = consent
    .command('list')
    .description('of everybody, or of one customer')
    .addOption(flag('--capability <id>', 'only for this capability'))
    .addOption(flag('--customer <name>', 'only of this customer'))
    .addOption(flag('--limit <n>', 'at most so many'))
  act<{ capability?: string; customer?: string; limit?: string }>(list, async (cli, _, { capability, customer, limit }) => {
    const found = cli.projectCredence().consents.list({ capabilityId: capability, user: customer })
    cli.printer.list(await collect(found, countOf('--limit', limit)), CONSENT_COLUMNS, 'No consents.')
  })

  const get = consent.command('get <id>').description('one consent, with what was before it')
  act(get, async (cli, args) => {
    const found = await cli.projectCredence().consents.get(argument(args, 0))
    cli.printer.one(found, consentFacts(found))
  })

  const withdraw = consent.command('withdraw <id>').description('no use begins under it any more')
  act(withdraw, async (cli, args) => {
    const ended = await cli.projectCredence().consents.withdraw(argument(args, 0))
    cli.printer.done(`${ended.id} is withdrawn.`, ended)
  })
}
