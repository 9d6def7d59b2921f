import { resolve } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Command } from 'commander'
import type { Act, Cli } from '../cli.ts'
import { readClientFile } from '../client-file.ts'
import { checkFiles } from '../doctor/check-files.ts'
import { checkKey, checkListeners } from '../doctor/check-listeners.ts'
import { type Finding, failed, ok, warning } from '../doctor/finding.ts'

const COLUMNS = [
  { title: 'check', of: (it: Finding) => it.check },
  { title: 'state', of: (it: Finding) => it.state },
  { title: 'says', of: (it: Finding) => it.says },
]

/** `credence doctor`: looks at everything that can be seen from outside; ends with 1 when something is wrong. */
export function addDoctor(program: Command, act: Act): void {
  const doctor = program
    .command('doctor')
    .description('look whether all is well: files, listeners, clock, key; what cannot be known is a warning')
  act(doctor, async (cli) => {
    const findings = [...checkFiles(resolve(cli.home)), ...(await checkPlatform(cli)), ...UNKNOWN]
    cli.printer.list(findings, COLUMNS, '')
    const wrong = findings.filter(({ state }) => state === 'failed')
    if (wrong.length > 0)
      throw new CodedError(
        'UNAVAILABLE',
        `${wrong.length} of ${findings.length} checks failed: ${wrong.map(({ check }) => check).join(', ')}.`,
      )
  })
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

/** No API tells these from outside. */
const UNKNOWN: readonly Finding[] = [warning('outbox age', 'not told by the API; look at the metrics of the platform.')]
