import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createFailpoints } from './failpoints.ts'

const folder = mkdtempSync(join(tmpdir(), 'credence-lifecycle-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Ended {
  code: number | null
  signal: string | null
  lines: string[]
}

/** Runs `code` as a module in its own process and sends it SIGTERM for each line `signal me` that it prints. */
function run(code: string, env: Record<string, string> = {}): Promise<Ended> {
  const source = `
    import { createServer } from 'node:net'
    import { runUntilSignal } from '${import.meta.resolve('./lifecycle.ts')}'
    import { createFailpoints } from '${import.meta.resolve('./failpoints.ts')}'
    ${code}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    if (chunk.includes('signal me')) child.kill('SIGTERM')
  })
  return new Promise((resolve) =>
    child.on('close', (exitCode, signal) => resolve({ code: exitCode, signal, lines: output.trim().split('\n') })),
  )
}

describe('a running process', () => {
  test('stops once on SIGTERM and ends by itself with 0', async () => {
    const ended = await run(`
      const server = createServer().listen(0, '127.0.0.1')
      const logger = { info: (event, fields) => console.log(event, fields.signal) }
      await runUntilSignal(async () => {
        queueMicrotask(() => console.log('signal me'))
        return { stop: async () => { console.log('closing'); server.close() } }
      }, { logger })`)
    expect(ended.lines).toEqual(['signal me', 'service.stopping SIGTERM', 'closing', 'service.stopped SIGTERM'])
    expect(ended).toMatchObject({ code: 0, signal: null })
  })

  test('leaves at once with 130 on the second signal', async () => {
    const ended = await run(`
      const server = createServer().listen(0, '127.0.0.1')
      await runUntilSignal(async () => {
        console.log('signal me')
        return { stop: () => { console.log('again: signal me'); return new Promise(() => {}) } }
      })`)
    expect(ended.code).toBe(130)
  })

  test('leaves with 1 when the stop outlasts the drain', async () => {
    const ended = await run(`
      const server = createServer().listen(0, '127.0.0.1')
      const logger = { info() {}, error: (event) => console.log(event) }
      const start = async () => { console.log('signal me'); return { stop: () => new Promise(() => {}) } }
      await runUntilSignal(start, { logger, drainMs: 1 })`)
    expect(ended.lines.at(-1)).toBe('service.drain_overrun')
    expect(ended.code).toBe(1)
  })

  test('tells the caller of a start that failed', async () => {
    const ended = await run(`await runUntilSignal(async () => { throw new TypeError('no') }).catch((error) => console.log(error.name))`)
    expect(ended).toMatchObject({ code: 0, lines: ['TypeError'] })
  })
})

describe('a failpoint', () => {
  const reach = `const reach = createFailpoints(process.env)
    reach('FP2'); reach('FP3'); console.log('once'); reach('FP3'); console.log('never')`

  test('kills the process at the hit that it is armed for and leaves a line', async () => {
    const log = join(folder, 'failpoints')
    const ended = await run(reach, { CREDENCE_FAILPOINT: 'FP3@2', CREDENCE_FAILPOINT_LOG: log })
    expect(ended).toMatchObject({ signal: 'SIGKILL', lines: ['once'] })
    expect(readFileSync(log, 'utf8')).toMatch(/^FP3 pid=\d+\n$/)
  })

  test('that is not armed does nothing', () => {
    for (const env of [{}, { CREDENCE_FAILPOINT: '' }, { CREDENCE_FAILPOINT: 'FP3' }]) createFailpoints(env)('FP4')
    const [first, second] = [createFailpoints({}), createFailpoints({})]
    expect(first).toBe(second)
  })
})
