/**
 * The main job from end to end, narrated: `npm run demo`, or `npm run demo -- --json` for a line of JSON a step. Ends by
 * itself; exit 0 when every step held.
 */
import { parseArgs } from 'node:util'
import { tempHome } from '@credence/testkit'
import { type Journey, startInside, startOutside } from '../support/journey.ts'
import { STEPS, type Step } from './steps.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const say = (text: string): void => {
  if (!values.json) console.log(text)
}

using home = tempHome()
let journey: Journey | undefined
const start: readonly Step[] = [
  {
    name: 'start',
    title: 'Start an authorization server, five APIs, and the platform in a new folder',
    async run() {
      const world = await startOutside()
      journey = await startInside(home.path, world)
      return `${journey.platform.admin} (API), ${journey.platform.data} (proxy), data in ${home.path}`
    },
  },
]

say('\nCredence: people connect their accounts once; tools call with nothing but a credential id.\n')
let failed = false
for (const step of [...start, ...STEPS]) {
  failed = !(await tell(step))
  if (failed) break
}
await journey?.platform.process.stop()
await journey?.person.leave()
await journey?.world.close()
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
    if (process.env.CREDENCE_DEMO_LOG !== undefined) console.error(journey?.platform.process.stderr())
    return false
  }
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `      ${line}`)
    .join('\n')
}
