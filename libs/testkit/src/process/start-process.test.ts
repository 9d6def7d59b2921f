import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { judgeLedger } from '../fake-as/judge-ledger.ts'
import type { LedgerEntry } from '../fake-as/ledger.ts'
import { freePort } from './free-port.ts'
import { startProcess } from './start-process.ts'
import { tempHome } from './temp-home.ts'

const script = (code: string): string[] => ['--input-type=module', '-e', code]

describe('a started process', () => {
  test('is ready with its first JSON line and leaves on SIGTERM', async () => {
    await using started = await startProcess(
      script(`process.on('SIGTERM', () => { console.log('bye'); process.exit(3) }); setInterval(() => {}, 1000)
        console.error('note'); console.log('hello\\n{not json'); console.log('{"port":7}')`),
    )
    expect(started.ready).toEqual({ port: 7 })
    await started.stop()
    expect(await started.exited).toEqual({ code: 3, signal: null })
    expect(started.stdout()).toMatch(/bye/)
    expect(started.stderr()).toBe('note\n')
  })

  test('that does not hear SIGTERM is killed after its grace', async () => {
    const started = await startProcess(script(`process.on('SIGTERM', () => {}); console.log('{}'); setInterval(() => {}, 1000)`))
    await started.stop(10)
    expect((await started.exited).signal).toBe('SIGKILL')
  })

  test('inherits no setting of the developer', async () => {
    process.env.CREDENCE_STRAY = 'x'
    const env = { CREDENCE_GIVEN: 'y' }
    await using started = await startProcess(script('console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)'), { env })
    delete process.env.CREDENCE_STRAY
    expect(Object.keys(started.ready).filter((name) => name.startsWith('CREDENCE_'))).toEqual(['CREDENCE_GIVEN'])
  })

  test('that ends early or stays silent is a failure that shows its output', async () => {
    await expect(startProcess(script(`console.error('no key file'); process.exit(1)`))).rejects.toThrow(/ended before[\s\S]*no key file/)
    await expect(startProcess(script('setInterval(() => {}, 1000)'), { readyWithinMs: 10 })).rejects.toThrow(/no line of JSON/)
  })
})

describe('the fake server as a process of its own', () => {
  test('serves, obeys its control and keeps its ledger in a file', async () => {
    using home = tempHome()
    const ledgerFile = join(home.path, 'ledger.jsonl')
    const main = fileURLToPath(new URL('../fake-as-main.ts', import.meta.url))
    const redirect = 'http://127.0.0.1:1/cb'
    await using fake = await startProcess([main, '--class', 'reject', '--ledger', ledgerFile, '--redirect', redirect])
    const { url, clientId, clientSecret } = fake.ready as Record<string, string>
    const control = async (verb: string, argument?: unknown): Promise<unknown> => {
      const response = await fetch(`${url}/control/${verb}`, { method: 'POST', body: JSON.stringify(argument ?? null) })
      return response.json()
    }
    await control('behave', { answer: 'server_error', status: 500, times: 1 })
    const ask = (): Promise<Response> =>
      fetch(`${url}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: 'rt',
          client_id: clientId ?? '',
          client_secret: clientSecret ?? '',
        }),
      })
    expect((await ask()).status).toBe(500)
    expect((await ask()).status).toBe(400)
    const entries = (await control('ledger')) as LedgerEntry[]
    expect(judgeLedger(entries).refreshRequests).toBe(2)
    const lines = readFileSync(ledgerFile, 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(entries)
    expect(await control('nonsense')).toEqual({ error: 'unknown_verb' })
    await fake.stop()
    expect((await fake.exited).code).toBe(0)
  })
})

describe('a temporary home', () => {
  test('is gone with all it holds', () => {
    const home = tempHome()
    writeFileSync(join(home.path, 'x'), '')
    home.remove()
    home.remove()
    expect(existsSync(home.path)).toBe(false)
  })
})

test('a free port has nobody listening on it', async () => {
  const port = await freePort()
  const refused = await new Promise((resolve) => connect(port, '127.0.0.1').on('error', resolve))
  expect(refused).toMatchObject({ code: 'ECONNREFUSED' })
})
