import { setImmediate as nextTurn } from 'node:timers/promises'
import { openCaller } from './http-load.ts'

/** Callers that go on calling, whatever they are answered. */
export interface Hammer {
  /** Calls that were answered 200, for each of the ports. */
  answered(): readonly number[]
  /** Calls that were begun after that moment (`performance.now()`) and answered 200. */
  answeredSince(moment: number): number
  /** How many were answered otherwise. */
  refused(): number
  stop(): Promise<void>
}

export interface HammerLoad {
  readonly ports: readonly number[]
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** At each port. */
  readonly callers: number
}

export function startHammer({ ports, path, headers, callers }: HammerLoad): Hammer {
  const answered = ports.map(() => 0)
  /** When those that were answered 200 were begun. */
  const begun: number[] = []
  let refused = 0
  let isOver = false
  const repeat = async (at: number): Promise<void> => {
    const open = (): ReturnType<typeof openCaller> => openCaller({ port: ports[at]!, path, headers })
    let caller = await open()
    while (!isOver) {
      const start = performance.now()
      const { status } = await caller.call()
      if (status === 200) {
        answered[at]!++
        begun.push(start)
      } else {
        refused++
        // A refusal may end the connection.
        caller.close()
        caller = await open()
      }
      await nextTurn()
    }
    caller.close()
  }
  const running = Promise.all(ports.flatMap((_, at) => Array.from({ length: callers }, () => repeat(at))))
  // A caller that is cut off is told to whoever stops.
  running.catch(() => undefined)
  return {
    answered: () => [...answered],
    answeredSince: (moment) => begun.filter((start) => start > moment).length,
    refused: () => refused,
    async stop() {
      isOver = true
      await running
    },
  }
}
