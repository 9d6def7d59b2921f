import { readEnvironment } from './config.ts'
import { run } from './program.ts'
import { processTerminal } from './terminal.ts'

process.exitCode = await run(process.argv.slice(2), {
  terminal: processTerminal(),
  environment: readEnvironment(),
  input: process.stdin,
})
