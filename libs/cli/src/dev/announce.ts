import { resolve } from 'node:path'
import { clientFileIn } from '../client-file.ts'
import { renderFacts } from '../print/table.ts'
import type { RunningPlatform } from './standalone.ts'

/** What a person and a program are told of a platform that has started. */
export interface Announcement {
  readonly running: RunningPlatform
  readonly signIn: string
  /** Where log lines go, when they do not go to standard error. */
  readonly logFile?: string | undefined
}

export function announcementJson({ running, signIn, logFile }: Announcement): object {
  const { addresses, home, firstKey } = running
  const { public: publicUrl, admin, data, api, probes } = addresses
  return {
    public: publicUrl,
    admin,
    data,
    api,
    probes,
    home,
    client_file: clientFileIn(home),
    ...(logFile === undefined ? {} : { log_file: logFile }),
    ...(firstKey === undefined ? {} : { key: firstKey }),
    sign_in: signIn,
  }
}

export function announcementText({ running, signIn, logFile }: Announcement): string {
  const { addresses, home, firstKey } = running
  const facts = renderFacts([
    ['connect pages', addresses.public],
    ['REST, console', addresses.admin],
    ['documentation', `${addresses.admin}/docs`],
    ['proxy', `${addresses.data}/v1/proxy/{credential id}/{path}`],
    ['gRPC', addresses.api],
    ['metrics', `${addresses.probes}/metrics`],
    ['data', home],
    ['log', logFile],
    ['admin key', firstKey],
    ['sign in once', signIn],
  ])
  const at = home === resolve(DEFAULT_HOME) ? '' : `--home ${home} `
  const key =
    firstKey === undefined ? [] : ['', `The admin key is shown this once; ${clientFileIn(home)} (0600) has it for the commands below.`]
  return [
    'Credence is running.',
    '',
    facts,
    ...key,
    '',
    'Next, in another terminal:',
    ...NEXT.map((next) => `  npm run credence -- ${at}${next}`),
    '',
    'Ctrl-C stops it.',
  ].join('\n')
}

/** Where commands look when they are told nothing. */
const DEFAULT_HOME = './.credence'

const NEXT = ['provider catalog', 'provider create --catalog openai', 'credential create openai', '--help']
