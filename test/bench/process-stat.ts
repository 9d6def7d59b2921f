import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Linux counts in hundredths of a second towards user space, whatever its own tick is. */
const TICKS_PER_S = 100
const PAGE_BYTES = 4096

/** User and system time of all threads of a process so far (`proc_pid_stat(5)`, fields 14 and 15). NaN where there is no /proc. */
export function cpuSecondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S
  } catch {
    return Number.NaN
  }
}

/** Resident memory, bytes; NaN where there is no /proc. */
export function residentBytesOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * PAGE_BYTES
  } catch {
    return Number.NaN
  }
}

/** Who runs where: what is measured has a core that neither the load generator nor the outside uses. */
export type Place = 'measured' | 'load' | 'anywhere'

const CORES: Readonly<Record<Place, string>> = { measured: '0', load: '1', anywhere: `0-${availableParallelism() - 1}` }

/** Pins a process with all of its threads. False where there is no `taskset`, or one core. */
export function pin(pid: number, place: Place): boolean {
  if (availableParallelism() < 2) return false
  return spawnSync('taskset', ['-a', '-c', '-p', CORES[place], String(pid)]).status === 0
}
