import { tailEvents } from '../events/tail.ts'
import type { Gateway } from '../gateway.ts'
import type { WidgetCaller } from './widget-caller.ts'

interface Following {
  readonly look: (caller: WidgetCaller) => Promise<object>
  readonly signal: AbortSignal
}

/** Facts come in bursts: so long after one the list is read, once for all of them. */
const GATHER_MS = 100
/** What no fact tells of is seen after so long. */
const LOOK_AGAIN_MS = 30_000
const TYPES = ['credential.', 'provider.']

/**
 * The list as JSON, at once and whenever it has changed, until the token ends. Facts only say that it is time to look: what is
 * shown is always what the registry answers to the person.
 */
export async function* followServices(
  { bus, sight, flow }: Pick<Gateway, 'bus' | 'sight' | 'flow'>,
  caller: WidgetCaller,
  { look, signal }: Following,
): AsyncGenerator<string> {
  const { clock } = flow
  const stop = new AbortController()
  const over = AbortSignal.any([stop.signal, signal])
  const ends = clock.sleep(Math.max(0, caller.claims.exp * 1000 - clock.now()), over).then(
    () => stop.abort(),
    () => undefined,
  )
  let changed = Promise.withResolvers<void>()
  const reader = { ...caller.principal, scopes: [...caller.principal.scopes, 'events.read'] }
  const reading = (async () => {
    const asked = { from: '', types: TYPES, credentialId: '', signal: over }
    for await (const _fact of tailEvents({ bus, sight }, reader, asked)) changed.resolve()
  })().finally(() => stop.abort())
  reading.catch(() => undefined)
  try {
    for (let last = ''; !over.aborted; ) {
      changed = Promise.withResolvers<void>()
      const list = JSON.stringify(await look(caller))
      if (list !== last) yield list
      last = list
      const rest = new AbortController()
      const waited = clock.sleep(LOOK_AGAIN_MS, AbortSignal.any([over, rest.signal])).catch(() => undefined)
      await Promise.race([changed.promise, waited])
      rest.abort()
      await clock.sleep(GATHER_MS, over).catch(() => undefined)
    }
  } finally {
    stop.abort()
    await ends
    await reading
  }
}
