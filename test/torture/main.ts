/**
 * SIGKILLs at each failpoint of a refresh, against authorization servers of four classes, judged by their ledgers:
 *
 *     npm run torture -- --kills 80 [--seed N] [--json FILE] [--only strict,FP3]
 *
 * Exit 0 only when every kill was hit as planned and nothing was lost that could have been kept.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { REFRESH_SETTINGS } from './arena.ts'
import { parseFilter, planKills } from './plan-kills.ts'
import { progressLine, reportText } from './report.ts'
import { torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '80' },
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    only: { type: 'string' },
  },
})
const [kills, seed] = [Number(values.kills), Number(values.seed)]
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed) || seed < 0)
  throw new TypeError('--kills and --seed are whole numbers')

console.log(`${kills} kills, seed ${seed}; the settings of every start:`)
for (const [name, value] of Object.entries(REFRESH_SETTINGS)) console.log(`  ${name}=${value}`)
const report = await torture({
  plan: planKills(kills, parseFilter(values.only), seed),
  seed,
  homes: 'class',
  mostInBatch: 3,
  onKill: (record, done) => console.log(progressLine(record, done)),
})
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)
console.log(`\n${reportText(report)}`)
process.exitCode = report.violations.length === 0 ? 0 : 1
