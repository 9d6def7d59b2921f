import { request } from 'node:http'
import type { Bench, Group } from '../bench.ts'
import { openCaller } from '../load/http-load.ts'
import { figure } from '../print-table.ts'
import { residentBytesOf } from '../process-stat.ts'
import type { Measured } from '../result.ts'
import { median, pause, quantile } from '../runner.ts'

const MIB = 1024 * 1024
/** Connections of the vault to one origin. */
const POOL = 64
const SAMPLE_MS = 20

/** Large answers, and callers who do not wait for theirs. */
export const STREAM_ROWS: Group = {
  ids: ['P6', 'P7'],
  async run(bench) {
    return [await memory(bench), await aborts(bench)]
  },
}

async function askerOf(bench: Bench): Promise<(path: string) => { port: number; path: string; headers: Record<string, string> }> {
  const vault = await bench.vault()
  const credentialId = await bench.bearer()
  return (path) => ({ port: vault.dataPort, path: `/v1/proxy/${credentialId}${path}`, headers: { ...vault.callerHeaders } })
}

async function memory(bench: Bench): Promise<Measured> {
  const ask = await askerOf(bench)
  const { pid } = (await bench.vault()).process
  const hugeBytes = (bench.effort.quick ? 32 : 1024) * MIB
  const values: number[] = []
  let firstByteMs = 0
  let wholeMs = 0
  // Twice: the first time the process grows to its working size.
  for (let round = 0; round < (bench.effort.quick ? 1 : 2); round++) {
    const before = residentBytesOf(pid)
    const peak = watchPeak(pid)
    const callers = await Promise.all(Array.from({ length: 32 }, () => openCaller(ask(`/big?bytes=${MIB}`))))
    const huge = await openCaller(ask(`/big?bytes=${hugeBytes}`))
    const start = performance.now()
    const [answer] = await Promise.all([huge.call(), ...callers.map((caller) => caller.call())])
    wholeMs = performance.now() - start
    firstByteMs = answer.firstByteAt - start
    for (const caller of [huge, ...callers]) caller.close()
    if (answer.status !== 200 || answer.bytes < hugeBytes) throw new TypeError('the large answer did not come whole')
    values.push((peak.stop() - before) / MIB)
  }
  return {
    id: 'P6',
    title: `RSS growth while 32 × 1 MiB and 1 × ${hugeBytes / MIB} MiB stream through`,
    baseline: 'before',
    unit: 'MiB',
    goal: 48,
    better: 'lower',
    values,
    note: `the first byte came after ${figure(firstByteMs)} ms, the last after ${figure(wholeMs)} ms`,
  }
}

function watchPeak(pid: number): { stop(): number } {
  let peak = residentBytesOf(pid)
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytesOf(pid))
  }, SAMPLE_MS)
  return {
    stop() {
      clearInterval(timer)
      return peak
    },
  }
}

/** A slot that is kept for a caller who is gone would make the request after the aborts wait for ever. */
async function aborts(bench: Bench): Promise<Measured> {
  const ask = await askerOf(bench)
  const values: number[] = []
  const normals: number[] = []
  for (let round = 0; round < bench.effort.rounds; round++) {
    const normal = quantile(await latenciesOf(ask('/small'), bench.effort.quick ? 50 : 200), 0.99)
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: POOL }, () => abortedDownload(ask(`/big?bytes=${64 * MIB}`))))
    await pause(bench.effort.quick ? 100 : 500)
    const [after = Number.NaN] = await latenciesOf(ask('/small'), 1)
    normals.push(normal)
    values.push(after / normal)
  }
  return {
    id: 'P7',
    title: `one request after ${10 * POOL} aborted downloads`,
    baseline: 'its normal p99',
    unit: '×',
    goal: 1.5,
    better: 'lower',
    values,
    note: `normal p99 ${median(normals).toFixed(2)} ms`,
  }
}

async function latenciesOf(asked: ReturnType<Awaited<ReturnType<typeof askerOf>>>, count: number): Promise<number[]> {
  const caller = await openCaller(asked)
  const latencies: number[] = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    const { status } = await caller.call()
    if (status !== 200) throw new TypeError(`a call was answered ${status}`)
    latencies.push(performance.now() - start)
  }
  caller.close()
  return latencies
}

/** Goes away at the first bytes of the body. */
function abortedDownload(asked: { port: number; path: string; headers: Record<string, string> }): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', ...asked, agent: false }, (response) => {
      response.on('error', () => undefined)
      response.once('data', () => {
        call.destroy()
        resolve()
      })
    })
    call.once('error', reject)
    call.end()
  })
}
