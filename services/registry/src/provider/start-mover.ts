import type { Clock } from '@credence/service'
import type { Stored } from '@credence/store'
import { change, replaced } from '../documents/change.ts'
import { showLife } from '../documents/show-life.ts'
import type { Registry } from '../registry.ts'
import { moveCredentials } from './move-credentials.ts'
import type { Mover } from './mover.ts'
import type { ProviderDoc } from './provider.ts'

/** Of the half minute that a request between services has. */
const PATIENCE_MS = 10_000
/** Well below the time after which a sweeper takes a move for left behind. */
const SIGN_MS = 20_000

interface Move {
  readonly version: number
  /** Whether it was finished. */
  readonly done: Promise<boolean>
  readonly stopping: AbortController
}

/** `movingSince` is the sign of life of whoever moves; what has given none for a while is swept. */
export function startMover(registryOf: () => Registry, clock: Clock): Mover {
  const moves = new Map<string, Move>()
  const begin = (head: Stored<ProviderDoc>, before: Move | undefined): Move => {
    const stopping = new AbortController()
    before?.stopping.abort()
    const work = async (): Promise<boolean> => {
      await before?.done
      return moveAlive(registryOf(), head, { clock, stopping })
    }
    const done = work().finally(() => {
      if (moves.get(head.id) === move) moves.delete(head.id)
    })
    const move: Move = { version: head.version, done, stopping }
    moves.set(head.id, move)
    return move
  }
  const underWay = (head: Stored<ProviderDoc>): Promise<boolean> => {
    const known = moves.get(head.id)
    return known !== undefined && known.version >= head.version ? known.done : begin(head, known).done
  }
  return {
    async move(head) {
      const ended = new AbortController()
      const late = clock.sleep(PATIENCE_MS, ended.signal).then(
        () => false,
        () => false,
      )
      return Promise.race([underWay(head), late]).finally(() => ended.abort())
    },
    async resume(head) {
      if (moves.has(head.id)) return
      const { docs, now } = registryOf()
      const taken = await replaced(docs.providers, { ...head, movingSince: now() }, head)
      if (taken !== undefined) void underWay(taken)
    },
    async stop() {
      const all = [...moves.values()]
      for (const { stopping } of all) stopping.abort()
      await Promise.all(all.map(({ done }) => done))
    },
  }
}

async function moveAlive(
  registry: Registry,
  head: Stored<ProviderDoc>,
  { clock, stopping }: { readonly clock: Clock; readonly stopping: AbortController },
): Promise<boolean> {
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, stopping.signal])
  const failed = (error: unknown): unknown => registry.log.failure('provider.move_failed', error)
  const signs = showLife(() => sign(registry, head, () => stopping.abort()), { clock, everyMs: SIGN_MS, signal, failed })
  try {
    await moveCredentials(registry, head, stopping.signal)
    return true
  } catch (error) {
    if (!stopping.signal.aborted) failed(error)
    return false
  } finally {
    ended.abort()
    await signs
  }
}

/** Says that somebody moves them; superseded when a newer version does. */
async function sign(registry: Registry, head: ProviderDoc, superseded: () => void): Promise<void> {
  const newest = await change(registry.docs.providers, head.id, (doc) =>
    doc.version === head.version && doc.movingSince !== undefined ? { ...doc, movingSince: registry.now() } : undefined,
  )
  if (newest === undefined || newest.version > head.version) superseded()
}
