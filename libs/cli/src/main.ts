import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

// Beside the dependencies, where who may write may change the code anyway; not in a folder that others can write to.
enableCompileCache(fileURLToPath(new URL('../../../node_modules/.cache/credence-compile', import.meta.url)))

// After it, so that they are taken from it.
const { readEnvironment } = await import('./config.ts')
const { run } = await import('./program.ts')
const { processTerminal } = await import('./terminal.ts')

const code = await run(process.argv.slice(2), {
  terminal: processTerminal(),
  environment: readEnvironment(),
  input: process.stdin,
})
// A start that failed half-way must not be kept alive by what had begun already.
if (code !== 0) process.exit(code)
