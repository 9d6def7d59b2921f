import type { Command } from 'commander'
import type { Act } from './cli.ts'
import { printSettings } from './print/settings.ts'
import { loadService, SERVICES, serviceOf } from './services.ts'

/** `credence serve <service>`: one service as this process. Each setting is a flag and a CREDENCE_ variable. */
export function addServe(program: Command, act: Act): void {
  const serve = program
    .command('serve <service>')
    .description(`run one service of the distributed profile: ${SERVICES.join(', ')}`)
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--help-settings', 'list every setting with what it does')
  act<{ helpSettings?: boolean }>(serve, async (cli, [service = '', ...args], { helpSettings }) => {
    const main = await loadService(serviceOf(service))
    if (helpSettings === true) printSettings(cli.printer, main.settings)
    else await main.run(args)
  })
}
