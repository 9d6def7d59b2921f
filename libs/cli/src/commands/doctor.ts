import { resolve } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Command } from 'commander'
import { type Act, type Cli, several } from '../cli.ts'
import { readClientFile } from '../client-file.ts'
import { type Installation, readInstallation } from '../config.ts'
import { checkDatabases } from '../doctor/check-databases.ts'
import { checkEngines } from '../doctor/check-engines.ts'
import { checkFiles } from '../doctor/check-files.ts'
import { checkKey, checkListeners } from '../doctor/check-listeners.ts'
import { checkAddresses, checkProbes, originOf } from '../doctor/check-services.ts'
import { type Finding, failed, ok, warning } from '../doctor/finding.ts'

const COLUMNS = [
  { title: 'check', of: (it: Finding) => it.check },
  { title: 'state', of: (it: Finding) => it.state },
  { title: 'says', of: (it: Finding) => it.says },
]

interface DoctorOptions {
  readonly probe?: readonly string[]
  readonly natsMonitoring?: readonly string[]
}

const AFTER = `
With the environment of a service (CREDENCE_STORE_URL, CREDENCE_NATS_URL, CREDENCE_REDIS_URL, CREDENCE_KEY_URI, CREDENCE_<SERVICE>_ADDRESS)
it also looks at the engines of the distributed profile, at the databases of its services, and at the services.`

/** `credence doctor`: looks at everything that can be seen from outside; ends with 3 when something is wrong. */
export function addDoctor(program: Command, act: Act): void {
  const doctor = program
    .command('doctor')
    .description('look whether all is well: files, listeners, engines, services, clocks, key; what cannot be known is a warning')
    .addOption(several('--probe <url>', 'where a service of the distributed profile tells whether it is ready: http://host:7420'))
    .addOption(several('--nats-monitoring <url>', 'monitoring address of a NATS server: http://host:8222'))
    .addHelpText('after', AFTER)
  act<DoctorOptions>(doctor, async (cli, _args, options) => {
    const findings = [
      ...checkFiles(resolve(cli.home)),
      ...(await checkPlatform(cli)),
      ...(await checkDistributed(readInstallation(), options)),
    ]
    cli.printer.list(findings, COLUMNS, '')
    const wrong = findings.filter(({ state }) => state === 'failed')
    if (wrong.length > 0)
      throw new CodedError(
        'UNAVAILABLE',
        `${wrong.length} of ${findings.length} checks failed: ${wrong.map(({ check }) => check).join(', ')}.`,
      )
  })
}

async function checkDistributed(installation: Installation, { probe = [], natsMonitoring = [] }: DoctorOptions): Promise<Finding[]> {
  const { systemClock } = await import('@credence/service')
  const now = (): number => systemClock.now()
  const places = probe.map((text) => originOf('--probe', text))
  const monitoring = natsMonitoring.map((text) => originOf('--nats-monitoring', text))
  const engines = await checkEngines(installation, { natsMonitoring: monitoring, now })
  const [probes, addresses, databases] = await Promise.all([
    checkProbes(places, now),
    checkAddresses(installation.addresses),
    checkDatabases(installation, now),
  ])
  const isUnasked = engines.length > 0 && probe.length === 0
  const unasked = isUnasked
    ? [warning('services', 'Whether they are ready is not known: name the probe address of each with --probe.')]
    : []
  return [...engines, ...databases, ...addresses, ...probes, ...unasked]
}

async function checkPlatform(cli: Cli): Promise<Finding[]> {
  const file = readClientFile(cli.home)
  if (!cli.hasContext()) {
    return [warning('platform', 'Its address or key is not known: set CREDENCE_API_URL and CREDENCE_KEY, or name its folder with --home.')]
  }
  const { apiUrl, proxyUrl } = cli.context()
  const own = file?.apiUrl === apiUrl
  const places = { apiUrl, proxyUrl, publicUrl: own ? file.publicUrl : undefined, grpc: own ? file.grpc : undefined }
  const { systemClock } = await import('@credence/service')
  const listeners = await checkListeners(places, () => systemClock.now())
  if (listeners[0]?.state === 'failed') return [...listeners, failed('API key', 'cannot be tried: the admin listener is silent.')]
  // A platform that was given another root key refuses to start and names both keys.
  return [...listeners, ...(await checkKey(cli.credence(), places)), ok('root key matches', 'the platform has started with it')]
}
