/** The raw POST loop in a process of its own, for vaults that are run as `credence serve` runs them. */
import { runUntilSignal } from '@credence/service'
import { startControl } from './control.ts'

await runUntilSignal(async () => {
  const control = await startControl({ signatureChecks: () => 0 })
  console.log(JSON.stringify({ port: control.port }))
  return { stop: () => control.close() }
})
