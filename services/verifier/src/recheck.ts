import { type Principal, servicePrincipal } from '@credence/rpc'
import type { Clock, Logger } from '@credence/service'
import type { Verifications } from './credential/record.ts'

export interface RecheckOptions {
  readonly verifications: Verifications
  /** Makes one call with the secret in force and acts on what it says. */
  readonly confirm: (principal: Principal, credentialId: string) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
  readonly everyMs: number
}

/** Asks again about credentials that were kept unverified because their provider was down or throttled us. */
export function startRechecks(options: RecheckOptions): { stop(): Promise<void> } {
  const { verifications, clock, log } = options
  const stopped = new AbortController()
  const recheck = async (): Promise<void> => {
    for (const { id, project } of await verifications.due()) {
      if (stopped.signal.aborted) return
      await options.confirm(servicePrincipal('verifier', project), id)
      // Recorded anew when it was asked; what is deleted, disabled or never connected was not, and is not asked again.
      if ((await verifications.due()).some((still) => still.id === id)) await verifications.forget(id)
    }
  }
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(options.everyMs, stopped.signal).catch(() => undefined)
      if (!stopped.signal.aborted) await recheck().catch((error: unknown) => log.failure('verifier.recheck_failed', error))
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await loop
    },
  }
}
