import type { Command } from 'commander'
import { type Act, flag, several } from '../cli.ts'

interface Options {
  readonly email?: string
  readonly agent?: string
  readonly channel?: string
  readonly origin?: readonly string[]
}

/** `credence widget …`: to try an embedding before a backend does it. Header values of users are no flags: send those by the API. */
export function addWidget(program: Command, act: Act): void {
  const widget = program.command('widget').description('the Connected Services panel')
  const token = widget
    .command('token')
    .description('make a token for one person, good for an hour')
    .addOption(flag('--email <address>', 'the person; without one the token is for a guest'))
    .addOption(flag('--agent <name>', 'where the widget stands: it comes back as a claim'))
    .addOption(flag('--channel <name>', 'where the widget stands: it comes back as a claim'))
    .addOption(several('--origin <url>', "a part of the project's origins; all of them unless given"))
  act<Options>(token, async (cli, _, { email: userEmail, agent, channel, origin: origins }) => {
    const context = { ...(agent === undefined ? {} : { agent }), ...(channel === undefined ? {} : { channel }) }
    const minted = await cli.credence().widget.mintToken({ userEmail, context, origins })
    cli.printer.one(minted, [
      ['token', minted.token],
      ['expires', minted.expiresAt.toISOString()],
    ])
  })
}
