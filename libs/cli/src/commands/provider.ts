import { CodedError, isCoded } from '@credence/errors'
import type { Credence, ProviderReview, SavedProvider } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag } from '../cli.ts'
import { argument, collect, countOf } from '../collect.ts'
import { findProvider } from '../find-provider.ts'
import { PROVIDER_COLUMNS } from '../print/columns.ts'
import { renderReview } from '../print/review.ts'
import { type Column, renderTable } from '../print/table.ts'
import { readFileOr } from '../read-file.ts'

/** Of every command that takes a file. */
const STDIN = '; - reads standard input'

/** `credence provider …` */
export function addProvider(program: Command, act: Act): void {
  const provider = program.command('provider').description('bring your own providers, or take them from the catalogue')
  addOffline(provider, act)
  addSaving(provider, act)
  addReading(provider, act)
}

function addOffline(parent: Command, act: Act): void {
  const linting = parent.command('lint <file...>').description(`find every fault of payload files; needs no platform${STDIN}`)
  act(linting, async (cli, files) => {
    const results = await Promise.all(files.map(async (file) => lint(file, await readFileOr(cli.input, file))))
    const bad = results.filter(({ refusal }) => refusal !== undefined)
    const faults = bad.flatMap(({ file, refusal }) =>
      (refusal?.details.faults ?? []).map((fault) => ({ ...fault, pointer: `${file}#${fault.pointer}` })),
    )
    if (bad[0]?.refusal !== undefined) {
      const detail = `${bad.length} of ${files.length} payloads cannot be used; ${faults.length} faults in all.`
      throw new CodedError(bad[0].refusal.code, detail, { faults })
    }
    cli.printer.list(results, LINT_COLUMNS, '')
  })

  const review = parent
    .command('review <file>')
    .description(`what saving a payload would mean; saves nothing${STDIN}`)
    .addOption(flag('--id <provider>', 'as an update of this one'))
    .addOption(flag('--previous <file>', 'compare with this file'))
    .addOption(flag('--offline', 'do not ask the platform whether the name is taken and what uses it'))
  act<{ id?: string; previous?: string; offline?: boolean }>(review, async (cli, args, { id, previous, offline }) => {
    const { parseProvider, reviewProvider } = await import('@credence/provider')
    const bytes = await readFileOr(cli.input, argument(args, 0))
    // The same faults, without a platform.
    parseProvider(bytes)
    const alone = offline === true || previous !== undefined || (id === undefined && !cli.hasContext())
    const found = alone
      ? reviewProvider(bytes, previous === undefined ? {} : { previous: parseProvider(await readFileOr(cli.input, previous)) })
      : await reviewThere(cli.credence(), bytes, id)
    showReview(cli, found)
  })
}

interface Linted {
  readonly file: string
  readonly displayName: string
  readonly patterns: readonly string[]
  readonly refusal?: CodedError
}

const LINT_COLUMNS: readonly Column<Linted>[] = [
  { title: 'file', of: (it) => it.file },
  { title: 'name', of: (it) => it.displayName },
  { title: 'patterns', of: (it) => it.patterns.join(', ') },
]

async function lint(file: string, bytes: Uint8Array): Promise<Linted> {
  const { parseProvider } = await import('@credence/provider')
  try {
    const { display_name: displayName, auth_patterns: patterns } = parseProvider(bytes)
    return { file, displayName, patterns: patterns.map(({ type }) => type) }
  } catch (error) {
    if (!isCoded(error) || error.details.faults === undefined) throw error
    return { file, displayName: '', patterns: [], refusal: error }
  }
}

/** With `wanted`: as an update of that provider. */
async function reviewThere(credence: Credence, bytes: Uint8Array, wanted: string | undefined): Promise<ProviderReview> {
  const id = wanted === undefined ? undefined : (await findProvider(credence, wanted)).id
  return credence.providers.review(bytes, { providerId: id })
}

function addSaving(parent: Command, act: Act): void {
  const create = parent
    .command('create [file]')
    .description(`save a payload as a new provider${STDIN}`)
    .addOption(flag('--catalog <slug>', 'take this entry of the catalogue instead of a file'))
  act<{ catalog?: string }>(create, async (cli, [file], { catalog }) => {
    if ((file === undefined) === (catalog === undefined)) throw new CodedError('INVALID_SETTING', 'Give a FILE or `--catalog SLUG`.')
    const { providers } = cli.credence()
    if (catalog !== undefined) return saved(cli, await providers.createFromCatalog(catalog))
    saved(cli, await providers.create(await readFileOr(cli.input, file ?? '')))
  })

  const addMcp = parent
    .command('add-mcp <url>')
    .description('make a provider of an MCP server, and register a client at its authorization server')
    .addOption(flag('--name <name>', 'the name that people see'))
  act<{ name?: string }>(addMcp, async (cli, args, { name }) => {
    const added = await cli.credence().providers.addMcp(argument(args, 0), { displayName: name })
    const { providerId = '', clientId, redirectUri = '' } = added
    const client =
      clientId === undefined
        ? `Its server registers no client: register one there with the redirect address ${redirectUri}, then \`credence client put ${providerId}\`.`
        : `Its client ${clientId} is registered.`
    cli.printer.done(`${providerId} is saved. ${client}`, added)
  })

  const update = parent.command('update <provider> <file>').description(`save the whole payload as a new version${STDIN}`)
  act(update, async (cli, args) => {
    const credence = cli.credence()
    const { id } = await findProvider(credence, argument(args, 0))
    saved(cli, await credence.providers.update(id, await readFileOr(cli.input, argument(args, 1))))
  })

  const remove = parent.command('delete <provider>').description('delete a provider that no credential uses')
  act(remove, async (cli, args) => {
    const credence = cli.credence()
    const { id, displayName } = await findProvider(credence, argument(args, 0))
    await credence.providers.delete(id)
    cli.printer.done(`${displayName} (${id}) is deleted.`, { id })
  })
}

function addReading(parent: Command, act: Act): void {
  const get = parent
    .command('get <provider>')
    .description('the payload as it was received, byte for byte')
    .addOption(flag('--provider-version <n>', 'this version instead of the newest'))
  act<{ providerVersion?: string }>(get, async (cli, args, { providerVersion }) => {
    const credence = cli.credence()
    const newest = await findProvider(credence, argument(args, 0))
    const version = countOf('--provider-version', providerVersion)
    const found = version === undefined ? newest : await credence.providers.get(newest.id, version)
    if (cli.printer.format === 'json') cli.printer.done('', withPayload(found))
    else cli.terminal.out(found.payloadJson)
  })

  const list = parent.command('list').description('the providers of the project')
  act(list, async (cli) => {
    const all = await collect(cli.credence().providers.list())
    if (cli.printer.format === 'json') cli.printer.list(all.map(withPayload), [], '')
    else cli.printer.list(all, PROVIDER_COLUMNS, 'No providers. Take one from the catalogue: credence provider create --catalog github')
  })

  const catalog = parent.command('catalog').description('well-known providers that can be taken over by name')
  act(catalog, async (cli) => {
    const entries = await cli.credence().providers.catalog()
    const columns = [
      { title: 'slug', of: (it: (typeof entries)[number]) => it.slug },
      { title: 'name', of: (it: (typeof entries)[number]) => it.displayName },
      { title: 'types', of: (it: (typeof entries)[number]) => it.types.join(', ') },
      { title: 'documentation', of: (it: (typeof entries)[number]) => it.docs },
    ]
    cli.printer.list(entries, columns, 'The catalogue is empty.')
  })
}

function saved(cli: Cli, provider: SavedProvider): void {
  if (cli.printer.format === 'json') {
    cli.printer.done('', withPayload(provider))
    return
  }
  if (provider.review !== undefined) cli.terminal.out(`${renderReview(provider.review)}\n`)
  cli.terminal.out(renderTable(PROVIDER_COLUMNS, [provider]))
  const { moved = 0, kept = 0, expired = 0, moving = false } = provider
  if (moved > 0) cli.terminal.out(`${moved} live ${credentials(moved)} ${moving ? 'are being moved' : 'moved'} to this version.`)
  if (kept > 0) cli.terminal.out(`${kept} live ${credentials(kept)} stay on their version until they are reconnected.`)
  if (expired > 0)
    cli.terminal.out(`${expired} minted ${credentials(expired)} expired: their headers are others now, and the next mint stores them.`)
}

function showReview(cli: Cli, review: object): void {
  if (cli.printer.format === 'json') cli.printer.done('', review)
  else cli.terminal.out(renderReview(review))
}

/** As REST has it: the payload as JSON in `payload`. */
function withPayload<T extends { readonly payloadJson: string }>({ payloadJson, ...rest }: T): object {
  return { ...rest, payload: JSON.parse(payloadJson) as unknown }
}

function credentials(count: number): string {
  return count === 1 ? 'credential' : 'credentials'
}
