import type { Bench, Group } from '../bench.ts'
import { openCaller } from '../load/http-load.ts'
import { pause } from '../runner.ts'

const CALLS = 48
const MOST_WAIT_MS = 10_000

/** Calls that are on their way to a connection while their credential is disabled. */
export const DISABLE_ROWS: Group = {
  ids: ['E2'],
  async run(bench) {
    const values: number[] = []
    for (let round = 0; round < bench.effort.rounds; round++) {
      // The same calls without the order in between: whoever counts must be able to see them.
      if ((await usesBehindGate(bench, { disable: false })) !== CALLS) throw new TypeError('the gate did not let the calls through')
      values.push(await usesBehindGate(bench, { disable: true }))
    }
    return [
      {
        id: 'E2',
        title: `uses after disable returned, of ${CALLS} calls held at the connect`,
        baseline: 'none',
        unit: 'uses',
        goal: 0,
        better: 'lower',
        values,
        note: `without the order ${CALLS} of ${CALLS} were used; the embedded profile has one replica`,
      },
    ]
  },
}

/** Holds calls between admission and TLS, gives the order, lets them go on, and asks the API how many it got. */
async function usesBehindGate(bench: Bench, { disable }: { readonly disable: boolean }): Promise<number> {
  const vault = await bench.vault()
  const outside = await bench.outside()
  const credentialId = await vault.connectBearer(`https://${outside.said.gatedHost}`)
  const before = (await outside.stats()).gated
  await outside.setGate(false)
  const ask = { port: vault.dataPort, path: `/v1/proxy/${credentialId}/gated`, headers: vault.callerHeaders }
  const callers = await Promise.all(Array.from({ length: CALLS }, () => openCaller(ask)))
  const calls = callers.map((caller) => caller.call())
  await held(outside)
  if (disable) await vault.setState(credentialId, 'disabled', 2)
  await outside.setGate(true)
  const answers = await Promise.all(calls)
  for (const caller of callers) caller.close()
  if (disable && answers.some(({ status }) => status === 200)) throw new TypeError('a call was answered after its credential was disabled')
  return (await outside.stats()).gated - before
}

async function held(outside: Awaited<ReturnType<Bench['outside']>>): Promise<void> {
  const until = performance.now() + MOST_WAIT_MS
  while ((await outside.stats()).held < CALLS) {
    if (performance.now() > until) throw new TypeError('the calls did not reach the gate')
    await pause(20)
  }
}
