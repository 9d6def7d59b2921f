import { type ErrorCode, isCoded } from '@credence/errors'
import { callAs, type Principal } from '@credence/rpc'
import { looksLikeSecret } from '@credence/secret'
import type { Services } from '../services.ts'
import { refusalOf } from './service-lines.ts'

const VERBS = ['research', 'payload', 'accept', 'cancel'] as const
type Verb = (typeof VERBS)[number]

export function isSetupVerb(verb: string): verb is Verb {
  return VERBS.some((known) => known === verb)
}

export interface Refused {
  readonly problem: string
  /** What was written by hand, to be corrected. */
  readonly payload?: string
}

interface Act {
  readonly id: string
  readonly verb: Verb
  /** An input of the form; empty where it was not sent. */
  readonly input: (name: string) => string
}

/** Refusals that a person can do something about at the page of the setup itself. */
const TOLD: readonly ErrorCode[] = ['SETUP_STEP', 'SCOPE_REQUIRED', 'INVALID_PROVIDER', 'INVALID_REQUEST', 'SECRET_REFUSED']

/** Does what a button of the page says. Why nothing was done, where the person can do something about it. */
export async function actOnSetup(services: Pick<Services, 'setups'>, principal: Principal, act: Act): Promise<Refused | undefined> {
  const refused = refusedBefore(act)
  if (refused !== undefined) return refused
  try {
    await carryOut(services, principal, act)
    return undefined
  } catch (error) {
    if (!isCoded(error) || !TOLD.includes(error.code)) throw error
    const faults = (error.details.faults ?? []).map(({ pointer, detail }) => `${pointer === '' ? '' : `\`${pointer}\`: `}${detail}`)
    const problem = act.verb === 'payload' && faults.length > 0 ? faults.join(' ') : (SENTENCES[error.code] ?? faults[0] ?? error.message)
    return { problem, ...(act.verb === 'payload' ? { payload: act.input('payload') } : {}) }
  }
}

const SENTENCES: Readonly<Partial<Record<ErrorCode, string>>> = {
  SCOPE_REQUIRED: 'This service is new here, and an administrator has to save it. Send an administrator the address of this page.',
  SETUP_STEP: 'It has gone on in the meantime. This is where it stands now.',
}

/** What looks like a secret goes no further, and is not shown again. */
function refusedBefore({ verb, input }: Act): Refused | undefined {
  if (verb === 'research') {
    const service = input('service').trim()
    const why = service === '' ? 'is empty. Write a name or an address.' : refusalOf(service)
    return why === undefined ? undefined : { problem: `The text ${why}` }
  }
  if (verb === 'payload' && looksLikeSecret(input('payload'))) return { problem: `The payload ${refusalOf(input('payload'))}` }
  return undefined
}

async function carryOut({ setups }: Pick<Services, 'setups'>, principal: Principal, { id: setupId, verb, input }: Act): Promise<void> {
  const as = callAs(principal)
  switch (verb) {
    case 'research':
      await setups.reviseSetup({ setupId, service: input('service').trim(), payloadJson: Buffer.alloc(0) }, as)
      return
    case 'payload':
      await setups.reviseSetup({ setupId, service: '', payloadJson: Buffer.from(input('payload')) }, as)
      return
    case 'accept':
      await setups.acceptSetup({ setupId, pattern: Number(input('pattern')) || 0 }, as)
      return
    case 'cancel':
      await setups.cancelSetup({ setupId }, as)
  }
}
