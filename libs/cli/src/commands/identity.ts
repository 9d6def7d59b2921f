import { CodedError } from '@credence/errors'
import type { NewIdentityRecord } from '@credence/sdk'
import { Secret } from '@credence/secret'
import type { Command } from 'commander'
import { type Act, type Cli, flag, several } from '../cli.ts'
import { argument, collect, countOf } from '../collect.ts'
import { PASS_COLUMNS, passFacts, RECORD_COLUMNS } from '../print/columns.ts'
import { readFieldsFrom } from '../prompts/read-stdin.ts'
import { readFileOr } from '../read-file.ts'

interface ListFlags {
  readonly capability?: string
  readonly customer?: string
  readonly limit?: string
}

/** `credence identity …` */
export function addIdentity(program: Command, act: Act): void {
  const identity = program.command('identity').description('who is at the other end: records to compare with, answers, passes')
  addAnswer(identity, act)
  addPasses(identity, act)
  addRecords(identity.command('records').description('what you know of your customers, kept as keyed digests'), act)
}

function addAnswer(parent: Command, act: Act): void {
  const answer = parent
    .command('answer <challenge> [facts...]')
    .description('answer a challenge for the customer of `--user`: asks for the facts, or reads a JSON object of texts')
  act(answer, async (cli, args) => {
    const [challenge = '', ...facts] = args
    const answers = await answersTo(cli, facts)
    try {
      const given = Object.fromEntries([...answers].map(([name, secret]) => [name, secret.reveal()]))
      const pass = await cli.credence().identity.answer(challenge, given)
      cli.printer.one(pass, passFacts(pass))
    } finally {
      for (const secret of answers.values()) secret.wipe()
    }
  })
}

async function answersTo(cli: Cli, facts: readonly string[]): Promise<Map<string, Secret>> {
  if (cli.prompts === undefined) return readFieldsFrom(cli.input)
  if (facts.length === 0) throw new CodedError('INVALID_SETTING', 'Name the facts that the challenge asks for.')
  const answers = new Map<string, Secret>()
  for (const name of facts) answers.set(name, Secret.fromString(await cli.prompts.text(name, { required: true })))
  return answers
}

function addPasses(parent: Command, act: Act): void {
  const passes = parent
    .command('passes')
    .description('who was verified and still is')
    .addOption(flag('--capability <id>', 'only for this capability'))
    .addOption(flag('--customer <name>', 'only of this customer'))
    .addOption(flag('--limit <n>', 'at most so many'))
  act<ListFlags>(passes, async (cli, _, { capability, customer, limit }) => {
    const list = cli.projectCredence().identity.passes.list({ capabilityId: capability, user: customer })
    cli.printer.list(await collect(list, countOf('--limit', limit)), PASS_COLUMNS, 'Nobody is verified now.')
  })

  const revoke = parent.command('revoke <pass>').description('take a pass back; no call begins under it')
  act(revoke, async (cli, args) => {
    const id = argument(args, 0)
    await cli.projectCredence().identity.passes.revoke(id)
    cli.printer.done(`${id} is revoked.`, { id })
  })
}

function addRecords(parent: Command, act: Act): void {
  const push = parent
    .command('push <file>')
    .description('push a JSON list of {user, facts}; - reads standard input')
    .addOption(flag('--merge', 'other facts of these customers stay; else they go'))
  act<{ merge?: boolean }>(push, async (cli, args, { merge = false }) => {
    const users = await cli.projectCredence().identity.records.put(await readRecords(cli, argument(args, 0)), { merge })
    cli.printer.done(`${users.length} ${users.length === 1 ? 'record' : 'records'} pushed.`, { users })
  })

  const list = parent
    .command('list')
    .description('whom you have records of, and of which facts')
    .addOption(flag('--customer <name>', 'only of this customer'))
    .addOption(flag('--limit <n>', 'at most so many'))
  act<ListFlags>(list, async (cli, _, { customer, limit }) => {
    const found = cli.projectCredence().identity.records.list({ user: customer })
    cli.printer.list(
      await collect(found, countOf('--limit', limit)),
      RECORD_COLUMNS,
      'No records. Push some: credence identity records push FILE',
    )
  })

  const remove = parent
    .command('delete <customer>')
    .description('forget what you know of a customer')
    .addOption(several('--fact <name>', 'only this fact'))
  act<{ fact?: readonly string[] }>(remove, async (cli, args, { fact = [] }) => {
    const user = argument(args, 0)
    const deleted = await cli.projectCredence().identity.records.delete(user, { facts: fact })
    cli.printer.done(deleted ? 'Deleted.' : 'There was nothing.', { user, deleted })
  })
}

/** What is wrong with it is said without what stands in it. */
async function readRecords(cli: Cli, file: string): Promise<readonly NewIdentityRecord[]> {
  const bytes = await readFileOr(cli.input, file)
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (Array.isArray(value)) return value as readonly NewIdentityRecord[]
  } catch {
    throw new CodedError('INVALID_SETTING', `${file} is not JSON.`)
  }
  throw new CodedError('INVALID_SETTING', `${file} is a JSON list of {"user": "id:…", "facts": {…}}.`)
}
