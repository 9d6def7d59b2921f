import { CodedError, type ErrorCode } from '@credence/errors'
import { type Credence, CredenceError, type Credential, type Session } from '@credence/sdk'
import type { Command } from 'commander'
import { type Act, type Cli, flag } from '../cli.ts'
import { findProvider } from '../find-provider.ts'
import { openBrowser } from '../platform/open-browser.ts'
import { credentialFacts } from '../print/columns.ts'
import { printable } from '../terminal.ts'
import { newSessionOf, withSessionOptions } from './session.ts'

type Options = Parameters<typeof newSessionOf>[0] & { readonly open: boolean; readonly timeout?: string }

/** How often the state is looked at while the person is at the page. */
const LOOK_MS = 2000

/** `credence connect <provider>`: makes a session, shows its link, waits, asks for the six digits, and shows the credential. */
export function addConnect(program: Command, act: Act): void {
  const connect = withSessionOptions(
    program
      .command('connect [provider]')
      .description('connect an account: opens a page in the browser and waits until it is done')
      .option('--no-open', 'only print the link'),
  ).addOption(flag('--timeout <seconds>', 'give up waiting after so long').default('1800'))
  act<Options>(connect, async (cli, [provider], options) => {
    if (provider === undefined && options.credential === undefined) {
      throw new CodedError('INVALID_SETTING', 'Name a provider, or give `--credential` to reconnect one.')
    }
    const credence = cli.credence()
    const providerId = provider === undefined ? undefined : (await findProvider(credence, provider)).id
    // At a terminal the person is the one who started: the six digits prove it, and no return address is needed.
    const confirm = options.confirm ?? (options.returnUrl === undefined ? 'code' : undefined)
    const { session, link } = await credence.sessions.create(
      newSessionOf({ ...options, ...(confirm === undefined ? {} : { confirm }) }, providerId),
    )
    const { device } = await startDeviceIfAny(credence, session)
    if (device === undefined) cli.printer.line(`Open this link in your browser:\n\n  ${link}\n`, { session, link })
    else cli.printer.line(deviceLine(device), { session, device })
    if (device === undefined && options.open && cli.prompts !== undefined) openBrowser(link)
    const credential = await untilConnected(cli, { credence, session, timeoutMs: Number(options.timeout) * 1000 })
    cli.printer.one(credential, credentialFacts(credential))
  })
}

/** Without a confirmation no page is needed: the code of another device is shown here. */
async function startDeviceIfAny(credence: Credence, session: Session): Promise<Session> {
  if (session.confirm !== 'none') return session
  return credence.sessions.startDevice(session.id).catch((error: unknown) => {
    // A provider without a sign-in on another device, or one that asks for more first: the page does it.
    if (error instanceof CredenceError && ['INVALID_REQUEST', 'FIELD_REFUSED'].includes(error.code)) return session
    throw error
  })
}

function deviceLine({ userCode, verificationUri, verificationUriComplete }: NonNullable<Session['device']>): string {
  const whole = (verificationUriComplete ?? '') === '' ? '' : `\nor open ${printable(verificationUriComplete)}\n`
  return `Open ${printable(verificationUri)} on any device and enter the code\n\n  ${printable(userCode)}\n${whole}`
}

interface Waiting {
  readonly credence: Credence
  readonly session: Session
  readonly timeoutMs: number
}

async function untilConnected(cli: Cli, waiting: Waiting): Promise<Credential> {
  const { credence, session } = waiting
  const follow = async (say: (message: string) => void): Promise<Session> => followPage(waiting, say)
  const at = cli.prompts === undefined ? await follow(() => undefined) : await cli.prompts.waiting('Waiting for you at the page', follow)
  if (at.state === 'connected') return credence.credentials.get(at.credentialId ?? '')
  if (at.state !== 'unconfirmed') throw ended(at)
  if (session.confirm === 'login') throw new CodedError('UNAVAILABLE', 'The session waits for its user to sign in to the console.')
  if (session.confirm !== 'code' || cli.prompts === undefined) {
    throw new CodedError('CONFIRMATION_WRONG', `The session waits for its code: credence session complete ${session.id} CODE`)
  }
  return confirmWithDigits(cli, cli.prompts, waiting)
}

/** Until it has ended or waits for a code. */
async function followPage({ credence, session, timeoutMs }: Waiting, say: (message: string) => void): Promise<Session> {
  for (let left = timeoutMs; ; left -= LOOK_MS) {
    const at = await credence.sessions.wait(session.id, { timeoutMs: LOOK_MS })
    if (at.state === 'at_provider') say('Waiting for you at the provider')
    const moves = at.state === 'open' || at.state === 'at_provider' || (at.state === 'unconfirmed' && at.confirm === 'none')
    if (!moves) return at
    if (left <= LOOK_MS) throw new CodedError('DEADLINE_EXCEEDED', `The session is still open: credence session wait ${session.id}`)
  }
}

/** A wrong code may be typed again as long as the platform counts tries that are left. */
async function confirmWithDigits(cli: Cli, prompts: NonNullable<Cli['prompts']>, { credence, session }: Waiting): Promise<Credential> {
  for (;;) {
    const code = await prompts.text('The six digits of the end page', { required: true })
    try {
      return (await credence.sessions.complete(session.id, { code, user: session.user })).credential
    } catch (error) {
      const left = error instanceof CredenceError && error.code === 'CONFIRMATION_WRONG' ? error.facts.tries_left : undefined
      if (left === undefined || left === '0') throw error
      cli.terminal.err(`These are not the digits; tries left: ${left}.`)
    }
  }
}

function ended({ state, code, detail }: Session): CodedError {
  const known: Partial<Record<Session['state'], ErrorCode>> = { timed_out: 'SESSION_EXPIRED', cancelled: 'SESSION_EXPIRED' }
  return new CodedError(
    known[state] ?? 'VERIFY_FAILED',
    detail ?? `The session is ${state.replaceAll('_', ' ')}${code === undefined ? '' : ` (${code})`}.`,
  )
}
