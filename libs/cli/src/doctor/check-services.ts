import { connect } from 'node:net'
import { CodedError } from '@credence/errors'
import { checkClock } from './check-clock.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

const ANSWER_MS = 5_000
/** The Date header has no parts of a second (RFC 9110 §6.6.1). */
const HEADER_STEP_MS = 1_000

/** The address that an option names, without what may stand before the host: that is not ours to show. Throws INVALID_SETTING. */
export function originOf(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return new URL(url.origin)
  throw new CodedError('INVALID_SETTING', `\`${option}\` is an address such as http://host:port.`)
}

/** Whether the process behind each probe address can do its work, and whether its clock agrees. */
export async function checkProbes(places: readonly URL[], now: () => number): Promise<Finding[]> {
  return (await Promise.all(places.map((place) => checkProbe(place, now)))).flat()
}

interface Readiness {
  readonly ready?: unknown
  readonly code?: unknown
  readonly without?: unknown
}

/** A code, and nothing else that a stranger on that port may say. */
function shown(code: unknown): string {
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'it does not say why'
}

async function checkProbe(place: URL, now: () => number): Promise<Finding[]> {
  const check = `service at ${place.host}`
  const asked = now()
  try {
    const answer = await fetch(new URL('/readyz', place), { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS) })
    const { ready, code, without } = (await answer.json()) as Readiness
    if (typeof ready !== 'boolean') return [failed(check, 'Something else is listening there.')]
    const there = Date.parse(answer.headers.get('date') ?? '')
    const clock = checkClock(`${check}, clock`, { asked, answered: now(), there, stepMs: HEADER_STEP_MS })
    if (answer.status !== 200 || !ready) return [failed(check, `is not ready: ${shown(code)}`), clock]
    return [without === undefined ? ok(check, 'is ready') : warning(check, `is ready, but: ${shown([without].flat()[0])}`), clock]
  } catch (error) {
    const what = error instanceof SyntaxError ? 'Something else is listening there.' : 'does not run, or cannot be reached from here.'
    return [failed(check, what)]
  }
}

/** Whether somebody listens at every address that the services call each other by. */
export async function checkAddresses(addresses: Readonly<Record<string, string>>): Promise<Finding[]> {
  const places = Object.entries(addresses).flatMap(([service, list]) =>
    list.split(',').map((address) => ({ service, address: address.trim() })),
  )
  return Promise.all(
    places.map(async ({ service, address }) =>
      (await accepts(address))
        ? ok(service, `${address} takes connections`)
        : failed(service, `does not run at ${address}, or cannot be reached from here.`),
    ),
  )
}

function accepts(address: string): Promise<boolean> {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(address) ?? []
  if (host === '' || Number(port) > 65_535) return Promise.resolve(false)
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: ANSWER_MS })
    const say = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket
      .once('connect', () => say(true))
      .once('error', () => say(false))
      .once('timeout', () => say(false))
  })
}
