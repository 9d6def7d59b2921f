import { type CodedError, isCoded } from '@credence/errors'
import { splitFields } from '@credence/provider'
import { callAs } from '@credence/rpc'
import type { Stored } from '@credence/store'
import type { Intake } from '../intake/intake.ts'
import type { Browser } from './browser.ts'
import { askAgain, begin, type Flow, offerFor, startChecking } from './flow.ts'
import { judge } from './judge.ts'
import { actingFor, type ConnectSession, type LastTry } from './session.ts'

/** Values that are exchanged are exchanged in it, which waits for the provider. */
const SEAL_TIMEOUT_MS = 60_000

/** A form with static secrets: sealed as a candidate, proven by one call; on any refusal back to the form. */
export async function submitSecret(
  flow: Flow,
  found: Stored<ConnectSession>,
  input: { readonly browser: Browser; readonly pattern: number; readonly intake: Intake },
): Promise<Stored<ConnectSession>> {
  const { browser, intake } = input
  const { session, reserved } = await begin(flow, found, input)
  const recipe = (await offerFor(flow, session)).recipe(reserved.pattern)
  const split = splitFields(recipe, intake.names)
  const tried: LastTry = { plain: intake.plainFields(split.plain) }
  if (split.faults.length > 0) return askAgain(flow, session, { ...tried, ...problemsOf(split.faults) })
  const checking = await startChecking(flow, session, { lastTry: tried })
  try {
    const { candidateId } = await flow.services.vault.seal(
      {
        credentialId: reserved.credentialId,
        recipeId: reserved.recipeId,
        plainFields: tried.plain,
        secretFields: intake.secretFields(split.secret),
        until: session.expiresAt,
        requestId: '',
        capabilityId: session.capabilityId ?? '',
      },
      callAs(actingFor(session), { timeoutMs: SEAL_TIMEOUT_MS }),
    )
    const sealed = await flow.sessions.change(checking, { candidate: { id: candidateId, verified: false } })
    return await judge(flow, sealed, { browser, tried })
  } catch (error) {
    return recover(flow, session.id, { error, tried })
  }
}

/** Faults that name a field stand beside it; others above the form. */
export function problemsOf(faults: CodedError['details']['faults'] & object): Pick<LastTry, 'problem' | 'fields'> {
  const fields: Record<string, string> = {}
  let problem: string | undefined
  for (const { pointer, detail } of faults) {
    const [, name] = /\/([^/]+)$/.exec(pointer) ?? []
    if (name === undefined) problem ??= detail
    else fields[name.replaceAll('~1', '/').replaceAll('~0', '~')] ??= detail
  }
  return { fields, ...(problem === undefined ? {} : { problem }) }
}

/**
 * What a failure on the way means for the page: a refused field or a service that is away is asked again, with what was
 * plain; anything else is thrown, after the session was opened again.
 */
export async function recover(
  flow: Flow,
  sessionId: string,
  { error, tried }: { readonly error: unknown; readonly tried: LastTry },
): Promise<Stored<ConnectSession>> {
  const current = await flow.sessions.get(sessionId)
  if (current?.state !== 'checking') throw error
  if (!isCoded(error)) {
    await askAgain(flow, current, { ...tried, problem: 'Something went wrong on our side. Try again.' })
    throw error
  }
  const beside = error.details.faults === undefined ? { problem: error.message } : problemsOf(error.details.faults)
  return askAgain(flow, current, { ...tried, ...beside })
}
