import { type Credence, CredenceError } from '@credence/sdk'
import { checkClock } from './check-clock.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

/** Where a platform is to be looked for. */
export interface Places {
  readonly apiUrl: string
  readonly publicUrl?: string | undefined
  readonly proxyUrl?: string | undefined
  readonly grpc?: string | undefined
}

const TIMEOUT_MS = 5000
/** The Date header has no parts of a second (RFC 9110 §6.6.1). */
const HEADER_STEP_MS = 1000

/** Every listener answers, with the face that it should have; and both clocks agree. */
export async function checkListeners(places: Places, now: () => number): Promise<Finding[]> {
  const asked = now()
  const admin = await ask(`${places.apiUrl}/openapi.json`)
  const there = Date.parse(admin?.headers.get('date') ?? '')
  return [
    admin?.status === 200 ? ok('admin listener', places.apiUrl) : silent('admin listener', places.apiUrl, admin),
    checkClock('clock', { asked, answered: now(), there, stepMs: HEADER_STEP_MS }),
    await checkOther('public listener', places.publicUrl, '/connect/refused', (answer) => answer.status < 500),
    await checkOther('data listener', places.proxyUrl, '/v1/proxy/', (answer) => answer.headers.get('credence-origin') === 'credence'),
  ]
}

async function checkOther(check: string, url: string | undefined, path: string, isRight: (answer: Response) => boolean): Promise<Finding> {
  if (url === undefined) return warning(check, 'Its address is not known here.')
  const answer = await ask(url + path)
  return answer !== undefined && isRight(answer) ? ok(check, url) : silent(check, url, answer)
}

function silent(check: string, url: string, answer: Response | undefined): Finding {
  return failed(
    check,
    answer === undefined ? `${url} does not answer.` : `${url} answers ${answer.status}: something else may be listening there.`,
  )
}

/** The key is known, over REST and over gRPC. */
export async function checkKey(credence: Credence, { grpc }: Places): Promise<Finding[]> {
  const rest = await told('API key', async () => `works for project ${(await credence.project.get()).id}`)
  if (grpc === undefined) return [rest, warning('API gRPC listener', 'Its address is not known here.')]
  const overGrpc = await told('API gRPC listener', async () => {
    const clients = await credence.grpc()
    try {
      await clients.registry.listProviders({ pageSize: 1 })
      return grpc
    } finally {
      clients.close()
    }
  })
  return [rest, overGrpc]
}

async function told(check: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return ok(check, await work())
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    if (code === 'SCOPE_REQUIRED' || code === 'USER_REQUIRED') return ok(check, 'answers; this key may not read what was asked')
    const detail = error instanceof CredenceError ? error.detail : ''
    return failed(check, `${typeof code === 'string' ? code : 'INTERNAL'} ${detail}`.trim())
  }
}

async function ask(url: string): Promise<Response | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'manual' })
    await answer.body?.cancel()
    return answer
  } catch {
    return undefined
  }
}
