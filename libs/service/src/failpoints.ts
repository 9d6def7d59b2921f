import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

/** Kills this process when the armed failpoint is reached; free when none is armed. */
type Failpoint = (name: string) => void

const UNARMED: Failpoint = () => undefined

/**
 * Reads CREDENCE_FAILPOINT (`FP3@2`: the second time that FP3 is reached) and CREDENCE_FAILPOINT_LOG (a file that gets one
 * line before the kill). Crash tests set them; a process that holds no such setting gets a function that does nothing.
 * SIGKILL, because no handler, no `finally` and no buffered write may run after it.
 */
export function createFailpoints(env: Readonly<Record<string, string | undefined>>): Failpoint {
  const armed = /^(\w+)(?:@(\d+))?$/.exec(env.CREDENCE_FAILPOINT ?? '')
  if (armed === null) return UNARMED
  const [, armedName, count = '1'] = armed
  const logFile = env.CREDENCE_FAILPOINT_LOG
  let left = Number(count)
  return (name) => {
    if (name !== armedName || --left !== 0) return
    if (logFile !== undefined) appendDurably(logFile, `${name} pid=${process.pid}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}

function appendDurably(file: string, line: string): void {
  const handle = openSync(file, 'a', 0o600)
  writeSync(handle, line)
  fsyncSync(handle)
  closeSync(handle)
}
