import { CodedError } from '@credence/errors'
import type { Command } from 'commander'
import type { Act } from './cli.ts'
import { type ListedSetting, printSettings } from './print/settings.ts'

const SERVICES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const

/** What a service package says of itself at `@credence/<service>/main`. */
interface ServiceModule {
  readonly main: {
    readonly settings: Readonly<Record<string, ListedSetting>>
    /** Ends with a signal. Throws INVALID_SETTING, PORT_IN_USE, STORE_UNAVAILABLE, KEY_MISMATCH. */
    run(args: readonly string[]): Promise<void>
  }
}

/** `credence serve <service>`: one service as this process. Each setting is a flag and a CREDENCE_ variable. */
export function addServe(program: Command, act: Act): void {
  const serve = program
    .command('serve <service>')
    .description(`run one service of the distributed profile: ${SERVICES.join(', ')}`)
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--help-settings', 'list every setting with what it does')
  act<{ helpSettings?: boolean }>(serve, async (cli, [service = '', ...args], { helpSettings }) => {
    const { main } = await load(service)
    if (helpSettings === true) printSettings(cli.printer, main.settings)
    else await main.run(args)
  })
}

async function load(service: string): Promise<ServiceModule> {
  if (!(SERVICES as readonly string[]).includes(service)) {
    const detail = `Name one of ${SERVICES.join(', ')}.`
    throw new CodedError('INVALID_SETTING', detail, { faults: [{ pointer: '/service', code: 'UNKNOWN_SERVICE', detail }] })
  }
  // By name, because no library knows a service: this one only starts them.
  return (await import(`@credence/${service}/main`)) as ServiceModule
}
