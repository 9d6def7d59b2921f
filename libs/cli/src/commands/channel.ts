import type { Command } from 'commander'
import { type Act, flag } from '../cli.ts'
import { argument, collect } from '../collect.ts'
import { CONSUMER_COLUMNS } from '../print/columns.ts'

interface AttachOptions {
  readonly agent: string
  readonly channel: string
  readonly nativeId: string
  readonly label?: string
}

/** `credence channel …`: which agent stands on a number, an account or a page. */
export function addChannel(program: Command, act: Act): void {
  const channel = program.command('channel').description('native channels: a number, an account or a page stands on one agent')

  const attach = channel
    .command('attach <credential>')
    .description("attach one asset of the credential to an agent's channel")
    .addOption(flag('--agent <ref>', 'what your own system calls the agent').makeOptionMandatory())
    .addOption(flag('--channel <name>', 'the channel, as the assets of the credential name it').makeOptionMandatory())
    .addOption(flag('--native-id <id>', 'the id of the asset').makeOptionMandatory())
    .addOption(flag('--label <text>', 'shown to people'))
  act<AttachOptions>(attach, async (cli, args, { agent, channel: name, nativeId, label }) => {
    const order = { credentialId: argument(args, 0), agent, channel: name, nativeId, label }
    const consumer = await cli.credence().channels.attach(order)
    cli.printer.one(consumer, [
      ['id', consumer.id],
      ['agent', consumer.agent],
      ['channel', consumer.channel],
      ['native id', consumer.nativeId],
    ])
  })

  const list = channel.command('list <credential>').description('who stands on its channels')
  act(list, async (cli, args) => {
    const all = await collect(cli.credence().consumers.list(argument(args, 0)))
    cli.printer.list(
      all.filter((consumer) => consumer.channel !== undefined),
      CONSUMER_COLUMNS,
      'No channels.',
    )
  })

  const detach = channel.command('detach <consumer>').description('free the channel and the asset at once')
  act(detach, async (cli, args) => {
    const id = argument(args, 0)
    await cli.credence().channels.detach(id)
    cli.printer.done(`${id} is detached: the channel is free.`, { id })
  })
}
