/** Types, style, proto: every checker runs, and the first to fail decides the exit code. */
import { spawnSync } from 'node:child_process'

const CHECKS: readonly (readonly [string, ...string[]])[] = [
  ['tsc', '-p', 'tsconfig.json'],
  ['biome', 'check', '--error-on-warnings', '.'],
  ['buf', 'lint', 'proto'],
]

for (const [command, ...args] of CHECKS) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(`${status === 0 ? '✓' : '✗'} ${command} ${args.join(' ')}`)
  if (status !== 0) process.exitCode = 1
}
