import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import type { startStandIns } from '@credence/testkit'
import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'

const DEBIANS = '/usr/bin/chromium'

/**
 * CHROMIUM: the program, where it is not /usr/bin/chromium. SCREENSHOTS: a folder that gets a picture of every page in four
 * looks. CI: `true` turns a machine without a browser into a failure.
 */
const { CHROMIUM = DEBIANS, SCREENSHOTS, CI } = process.env

/** The folder for pictures of the pages; undefined when nobody wants them. */
export const pictureFolder: string | undefined = SCREENSHOTS

const HOW = 'Install Debian’s package (apt-get install chromium), or set CHROMIUM to the path of a Chromium or Chrome.'
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const INSTALL_MS = 300_000

const problem = await withoutBrowser(process.env)
if (problem !== undefined && CI === 'true') throw new TypeError(problem)
if (problem !== undefined) console.warn(`SKIPPED: the walks with a real browser. ${problem}`)

/** `describe` where there is a browser; elsewhere its tests are skipped, with a warning that says what is missing. */
export const describeInBrowser: typeof describe.skip = problem === undefined ? describe : describe.skip

/** Why there is no browser, and how one comes to be; undefined when there is one. On Debian, root gets it installed. */
export async function withoutBrowser(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const program = env.CHROMIUM ?? DEBIANS
  if (existsSync(program)) return undefined
  if (env.CHROMIUM !== undefined) return `CHROMIUM names ${program}, which does not exist. ${HOW}`
  if (!existsSync('/etc/debian_version') || process.getuid?.() !== 0) return `There is no ${program}. ${HOW}`
  console.warn('Installing chromium: the first time takes a minute or two…')
  const run = promisify(execFile)
  const options = { timeout: INSTALL_MS, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 1 << 26 }
  try {
    await run('apt-get', ['update'], options)
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options)
  } catch (error) {
    return `apt-get could not install chromium (${error instanceof Error ? error.message.split('\n')[0] : 'unknown'}). ${HOW}`
  }
  return existsSync(program) ? undefined : `apt-get installed no ${program}. ${HOW}`
}

/**
 * A Chromium with a profile of its own, which finds the stand-ins under the providers' real names. It blocks pop-ups that no
 * click asked for, as it does for people; automation would switch that off.
 */
export async function startBrowser(standIns: Awaited<ReturnType<typeof startStandIns>>): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [...FLAGS, `--host-resolver-rules=${standIns.browserRules}`, `--ignore-certificate-errors-spki-list=${standIns.spkiHash}`],
    ignoreDefaultArgs: ['--disable-popup-blocking'],
  })
}
