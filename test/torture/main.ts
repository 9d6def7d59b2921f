/**
 * Faults, judged by the ledgers of authorization servers. On one machine: SIGKILLs at each failpoint of a refresh, against
 * servers of four classes. On the distributed profile: replicas killed and paused, engines wiped and cut off.
 *
 *     npm run torture -- --kills 80 [--seed N] [--json FILE] [--only strict,FP3]
 *     npm run torture -- --distributed [--only kills=400,terms] [--smoke] [--seed N] [--json FILE]
 *
 * Exit 0 only when every fault was injected as planned and nothing was lost that could have been kept.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { REFRESH_SETTINGS } from './arena.ts'
import { choose, runScenarios, verdictOf } from './cluster/run.ts'
import { SCENARIOS } from './cluster/scenarios.ts'
import { parseFilter, planKills } from './plan-kills.ts'
import { progressLine, reportText } from './report.ts'
import { torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    distributed: { type: 'boolean', default: false },
    kills: { type: 'string', default: '80' },
    smoke: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    only: { type: 'string' },
  },
})
const [kills, seed] = [Number(values.kills), Number(values.seed)]
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed) || seed < 0)
  throw new TypeError('--kills and --seed are whole numbers')
const note = (line: string): void => console.log(line)
// What follows a platform that has ended would go on asking for it.
process.exit((await (values.distributed ? onCluster() : onOneMachine())) ? 0 : 1)

async function onOneMachine(): Promise<boolean> {
  note(`${kills} kills, seed ${seed}; the settings of every start:`)
  for (const [name, value] of Object.entries(REFRESH_SETTINGS)) note(`  ${name}=${value}`)
  const report = await torture({
    plan: planKills(kills, parseFilter(values.only), seed),
    seed,
    homes: 'class',
    mostInBatch: 3,
    onKill: (record, done) => note(progressLine(record, done)),
  })
  keep(report)
  note(`\n${reportText(report)}`)
  return report.violations.length === 0
}

async function onCluster(): Promise<boolean> {
  const runs = await runScenarios(choose(SCENARIOS, values.only, values.smoke ? 'smoke' : 'full'), { seed, note })
  keep(runs)
  const { held, text } = verdictOf(runs)
  note(`\n${text}`)
  return held
}

function keep(report: object): void {
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
}
