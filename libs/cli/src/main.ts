import { readEnvironment } from './config.ts'
import { run } from './program.ts'
import { processTerminal } from './terminal.ts'

const code = await run(process.argv.slice(2), {
  terminal: processTerminal(),
  environment: readEnvironment(),
  input: process.stdin,
})
// A start that failed half-way must not be kept alive by what had begun already.
if (code !== 0) process.exit(code)
