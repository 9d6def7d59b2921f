import type { Bench, Group } from '../bench.ts'
import { openCaller } from '../load/http-load.ts'
import { pause } from '../runner.ts'
import type { VaultOrders } from '../vault-orders.ts'

const CALLS = 48
const MOST_WAIT_MS = 10_000

/** Calls that are on their way to a connection while their credential is disabled. */
export const DISABLE_ROWS: Group = {
  ids: ['E2'],
  async run(bench) {
    const vault = await bench.vault()
    const gated: Gated = { orders: vault, ports: [vault.dataPort], headers: vault.callerHeaders }
    return [
      {
        id: 'E2',
        title: `uses after disable returned, of ${CALLS} calls held at the connect`,
        baseline: 'none',
        unit: 'uses',
        goal: 0,
        better: 'lower',
        values: await usesOfHeldCalls(bench, gated, bench.effort.rounds),
        note: `without the order ${CALLS} of ${CALLS} were used; the embedded profile has one replica`,
      },
    ]
  },
}

export interface Gated {
  readonly orders: VaultOrders
  /** Of the replicas: each has its share of the calls. */
  readonly ports: readonly number[]
  readonly headers: Readonly<Record<string, string>>
}

/** For each round, how many of the held calls used the credential after it was disabled. */
export async function usesOfHeldCalls(bench: Bench, gated: Gated, rounds: number): Promise<number[]> {
  const values: number[] = []
  for (let round = 0; round < rounds; round++) {
    // The same calls without the order in between: whoever counts must be able to see them.
    const { uses, tooBusy } = await usesBehindGate(bench, gated, { disable: false })
    if (uses === 0 || uses + tooBusy !== CALLS) throw new TypeError(`of ${CALLS} calls ${uses} came through the gate, ${tooBusy} met 503`)
    values.push((await usesBehindGate(bench, gated, { disable: true })).uses)
  }
  return values
}

/** Holds calls between admission and TLS, gives the order, lets them go on, and asks the API how many it got. */
async function usesBehindGate(
  bench: Bench,
  { orders, ports, headers }: Gated,
  { disable }: { readonly disable: boolean },
): Promise<{ readonly uses: number; readonly tooBusy: number }> {
  const outside = await bench.outside()
  const credentialId = await orders.connectBearer(`https://${outside.said.gatedHost}`)
  const before = (await outside.stats()).gated
  await outside.setGate(false)
  const path = `/v1/proxy/${credentialId}/gated`
  const callers = await Promise.all(
    Array.from({ length: CALLS }, (_, caller) => openCaller({ port: ports[caller % ports.length]!, path, headers })),
  )
  const calls = callers.map((caller) => caller.call())
  await held(outside)
  if (disable) await orders.setState(credentialId, 'disabled', 2)
  await outside.setGate(true)
  const answers = await Promise.all(calls)
  for (const caller of callers) caller.close()
  if (disable && answers.some(({ status }) => status === 200)) throw new TypeError('a call was answered after its credential was disabled')
  const uses = (await outside.stats()).gated - before
  return { uses, tooBusy: answers.filter(({ status }) => status === 503).length }
}

async function held(outside: Awaited<ReturnType<Bench['outside']>>): Promise<void> {
  const until = performance.now() + MOST_WAIT_MS
  while ((await outside.stats()).held < CALLS) {
    if (performance.now() > until) throw new TypeError('the calls did not reach the gate')
    await pause(20)
  }
}
