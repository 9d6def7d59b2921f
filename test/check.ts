/** Types, style, proto: every checker runs, and the first to fail decides the exit code. */
import { spawnSync } from 'node:child_process'

const CHECKS: readonly (readonly [string, ...string[]])[] = [
  ['tsc', '-p', 'tsconfig.json'],
  ['biome', 'check', '--error-on-warnings', '.'],
  ['buf', 'lint', 'proto'],
  ...breaking(),
]

for (const [command, ...args] of CHECKS) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(`${status === 0 ? '✓' : '✗'} ${command} ${args.join(' ')}`)
  if (status !== 0) process.exitCode = 1
}

/** The proto may not break clients of what main was: the branch where there is one beside this commit, else the commit before. */
function breaking(): (readonly [string, ...string[]])[] {
  const commit = (name: string): string | undefined => {
    const { status, stdout } = spawnSync('git', ['rev-parse', '--verify', '--quiet', `${name}^{commit}`], { encoding: 'utf8' })
    return status === 0 ? stdout.trim() : undefined
  }
  const head = commit('HEAD')
  const base = [commit('origin/main'), commit('main'), commit('HEAD~1')].find((name) => name !== undefined && name !== head)
  return base === undefined ? [] : [['buf', 'breaking', 'proto', '--against', `.git#ref=${base},subdir=proto`]]
}
