import { isCoded } from '@credence/errors'
import type { Credential } from '@credence/proto/credential'
import type { Principal } from '@credence/rpc'
import type { Intake } from '../intake/intake.ts'
import { connectDirectly, KEEP_IT_UNCHECKED } from './connect-directly.ts'
import { actorFor, requireScope } from './create-session.ts'
import type { Flow } from './flow.ts'
import { reportSetup, setupToConnect } from './setup-step.ts'

export interface SetupValues {
  readonly setupId: string
  readonly intake: Intake
  readonly requestId: string
  readonly expiresAt?: Date | undefined
  readonly allowUnverified: boolean
}

/**
 * The connect step of a setup with values at hand: sealed, tried by one call, connected. Throws as `connectDirectly` does,
 * SETUP_STEP, CLIENT_MISSING; a refusal takes the setup back to connect with its cause.
 */
export async function connectSetup(flow: Flow, principal: Principal, values: SetupValues): Promise<Credential> {
  requireScope(principal, 'credentials.write')
  const { setupId, intake, requestId, expiresAt, allowUnverified } = values
  const setup = await setupToConnect(flow.services, principal, setupId)
  const owner = await actorFor(flow.services, principal, setup.user)
  const tell = (event: 'session' | 'verify' | 'back', cause = '', sentence = ''): Promise<void> =>
    reportSetup(flow.services, principal.project, { setupId, sessionId: setupId, event, cause, sentence })
  await tell('session')
  await tell('verify')
  try {
    return await connectDirectly(flow, owner, {
      ...{ intake, requestId, expiresAt, allowUnverified, sessionId: setupId },
      providerId: setup.providerId,
      credentialId: '',
      pattern: setup.pattern,
      label: setup.label,
      level: setup.level,
      tags: {},
      confirmAccountChange: false,
    })
  } catch (error) {
    // Another try of the same setup was quicker, or it was cancelled: its state is not this try's to tell.
    if (isCoded(error, 'SETUP_STEP')) throw error
    const told = isCoded(error)
      ? { cause: error.details.facts?.cause ?? CAUSES[error.code] ?? 'interrupted', sentence: error.message.replace(KEEP_IT_UNCHECKED, '') }
      : undefined
    await tell('back', told?.cause ?? 'interrupted', told?.sentence ?? 'Something went wrong on our side. Try again.').catch(
      () => undefined,
    )
    throw error
  }
}

const CAUSES: Readonly<Record<string, string>> = { INVALID_REQUEST: 'field_refused', FIELD_REFUSED: 'field_refused' }
