/**
 * Runs the tests and closes with `N passed, N failed`.
 *
 *     npm test -- --id S1-1        exactly the tests that name this promise
 *     npm test -- libs/store       the tests below a path
 */
import { parseArgs } from 'node:util'
import { startVitest, type TestCase, type Vitest } from 'vitest/node'

const { values, positionals } = parseArgs({
  options: { id: { type: 'string' }, project: { type: 'string', default: 'default' } },
  allowPositionals: true,
})

/** The brackets keep S1-1 from finding S1-11. */
const pattern = values.id === undefined ? {} : { testNamePattern: `\\[${values.id.replaceAll('-', '\\-')}\\]` }

const vitest = await startVitest('test', positionals, { watch: false, project: [values.project], ...pattern })
const { passed, failed, skipped } = count(vitest)
await vitest.close()
console.log(`${passed} passed, ${failed} failed${skipped === 0 || values.id !== undefined ? '' : `, ${skipped} skipped`}`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function count(run: Vitest): { passed: number; failed: number; skipped: number } {
  const modules = run.state.getTestModules()
  const cases: TestCase[] = modules.flatMap((module) => [...module.children.allTests()])
  // A file that does not load has no cases, and must not pass for that.
  const broken = modules.filter((module) => module.errors().length > 0).length + run.state.getUnhandledErrors().length
  const by = (state: string): number => cases.filter((test) => test.result().state === state).length
  return { passed: by('passed'), failed: by('failed') + broken, skipped: by('skipped') }
}
