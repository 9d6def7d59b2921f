import type { Command } from 'commander'
import type { Act, Cli } from '../cli.ts'
import { loadService, SERVICES, type Service, serviceOf } from '../services.ts'

const AFTER = `
Run it before a version is rolled out: a start that finds its indexes is short. It may be run again, and beside running services.
Takes --store-url and --store-database, best as CREDENCE_STORE_URL and CREDENCE_STORE_DATABASE or in the file of --config, as the service
itself does.`

/** `credence migrate <service>|all`: makes the collections and indexes of the distributed profile ready. */
export function addMigrate(program: Command, act: Act): void {
  const migrate = program
    .command('migrate <service>')
    .description(`make collections and indexes of one service ready, or of all: ${SERVICES.join(', ')}, all`)
    .addHelpText('after', AFTER)
    .allowUnknownOption()
    .allowExcessArguments()
  act(migrate, async (cli, [name = '', ...args]) => {
    const services = name === 'all' ? SERVICES : [serviceOf(name)]
    for (const service of services) await migrateOne(cli, service, args)
  })
}

async function migrateOne({ printer }: Cli, service: Service, args: readonly string[]): Promise<void> {
  const main = await loadService(service)
  let done = 0
  await main.migrate(args, ({ name: collection, indexes }) => {
    done++
    const names = indexes.map(({ name }) => name)
    const shown = names.length === 0 ? '' : ` (${names.join(', ')})`
    printer.line(`${service} ${done}/${main.collections.length} ${collection}${shown}`, { service, collection, indexes: names })
  })
}
