import type { Clock } from '@credence/service'
import { pushAllKeys } from '../key/push-key.ts'
import type { Registry } from '../registry.ts'
import { sweep } from './sweep.ts'

/** A loop that sweeps: every `ms`, sooner after a pass that could not finish, and soon after `soon` was called. */
export interface Sweeper {
  readonly keysTold: Promise<void>
  soon(): void
  stop(): Promise<void>
}

/** A vault that starts a moment after the registry must not wait a whole turn for its callers. */
const FIRST_RETRY_MS = 100

export function startSweeper(registry: Registry, options: { readonly clock: Clock; readonly ms: number }): Sweeper {
  const stopping = new AbortController()
  const told = Promise.withResolvers<void>()
  let woken = new AbortController()
  let keysTold = false
  const failing = (error: unknown): false => {
    registry.log.failure('sweep.failed', error)
    return false
  }
  const pass = async (): Promise<boolean> => {
    keysTold ||= await pushAllKeys(registry).then(() => true, failing)
    if (keysTold) told.resolve()
    const finished = await sweep(registry).catch(failing)
    return finished && keysTold
  }
  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      woken = new AbortController()
      const finished = await pass()
      failures = finished ? 0 : failures + 1
      const pause = finished ? options.ms : Math.min(options.ms, FIRST_RETRY_MS * 2 ** (failures - 1))
      await options.clock.sleep(pause, AbortSignal.any([stopping.signal, woken.signal])).catch(() => undefined)
    }
  }
  const running = run()
  return {
    keysTold: told.promise,
    soon: () => woken.abort(),
    async stop() {
      stopping.abort()
      await running
    },
  }
}
