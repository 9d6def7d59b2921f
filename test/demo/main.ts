/**
 * The main job from end to end, narrated: `npm run demo`, or `npm run demo -- --json` for a line of JSON a step. With
 * `--distributed` on ten processes and real engines, with faults on the way. Ends by itself; exit 0 when every step held.
 */
import { parseArgs } from 'node:util'
import { tempHome } from '@credence/testkit'
import { type Journey, startInside, startOutside } from '../support/journey.ts'
import { distributed, type Profile } from './distributed.ts'
import type { Step } from './step.ts'
import { STEPS } from './steps.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false }, distributed: { type: 'boolean', default: false } } })
const say = (text: string): void => {
  if (!values.json) console.log(text)
}

using home = tempHome()
let journey: Journey | undefined
const begin = (started: Journey): string => {
  journey = started
  return `${started.platform.admin} (API), ${started.platform.data} (proxy), data in ${home.path}`
}
const embedded: Profile = {
  steps: [
    {
      name: 'start',
      title: 'Start an authorization server, five APIs, and the platform in a new folder',
      run: async () => begin(await startInside(home.path, await startOutside())),
    },
    ...STEPS,
  ],
  close: async () => undefined,
}
const profile = values.distributed ? distributed(home.path, begin) : embedded

say('\nCredence: people connect their accounts once; tools call with nothing but a credential id.\n')
let failed = false
for (const step of profile.steps) {
  failed = !(await tell(step))
  if (failed) break
}
await journey?.platform.stop()
await journey?.person.leave()
await journey?.world.close()
await profile.close()
if (!failed) {
  say('Now by hand:')
  say('  npm start                                  the platform, with an admin key and a sign-in link')
  say('  npm run credence -- provider catalog       well-known providers')
  say('  npm run credence -- connect PROVIDER_ID    a link to open in the browser\n')
}
process.exit(failed ? 1 : 0)

async function tell(step: Step): Promise<boolean> {
  const from = performance.now()
  try {
    const found = await step.run(journey as Journey)
    const ms = Math.round(performance.now() - from)
    if (values.json) console.log(JSON.stringify({ step: step.name, ok: true, ms }))
    say(`  ✓ ${step.title}  (${ms} ms)\n${indented(found)}\n`)
    return true
  } catch (error) {
    const ms = Math.round(performance.now() - from)
    if (values.json) console.log(JSON.stringify({ step: step.name, ok: false, ms }))
    say(`  ✗ ${step.title}  (${ms} ms)\n${indented(error instanceof Error ? error.message : String(error))}\n`)
    if (process.env.CREDENCE_DEMO_LOG !== undefined) console.error(journey?.platform.printed().stderr)
    return false
  }
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')
}
