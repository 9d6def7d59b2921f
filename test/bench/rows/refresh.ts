import { RefreshRequest } from '@credence/proto/refresh'
import { callAs, type TlsIdentity } from '@credence/rpc'
import type { Bench, Group } from '../bench.ts'
import { type GrpcTarget, loop, openGrpc } from '../load/grpc-load.ts'
import { type HttpAnswer, openCaller } from '../load/http-load.ts'
import { figure } from '../print-table.ts'
import type { Measured } from '../result.ts'
import { type Case, inRounds, median, perSecond, quantile } from '../runner.ts'
import type { VaultOrders } from '../vault-orders.ts'
import type { VaultUnderTest } from '../vault-under-test.ts'

const METHOD = '/credence.vault.v1.VaultService/Refresh'
const CONCURRENT = 64
const SLOW_MS = 200
const CROWD_POST_MS = 1_000

/** Refreshes: how many, how many at a slow endpoint, and what a crowd before one of them waits. */
export const REFRESH_ROWS: Group = {
  ids: ['F1', 'F2', 'F3'],
  async run(bench) {
    return [await throughput(bench), await slow(bench), await crowd(bench)]
  },
}

export interface RefresherOptions {
  readonly grpc: string
  readonly tls: TlsIdentity
  readonly orders: VaultOrders
  readonly connections: number
}

/** Asks one vault for refreshes, as the token-refresher does. */
export async function refresher({
  grpc,
  tls,
  orders,
  connections,
}: RefresherOptions): Promise<{ target: GrpcTarget; refresh(credentialId: string): Promise<void> }> {
  const target = await openGrpc(grpc, { tls, connections })
  const { metadata } = callAs(orders.order('token-refresher'))
  const principal = Buffer.from(metadata?.get('credence-principal-bin') as Uint8Array).toString('base64')
  const headers = { 'credence-principal-bin': principal }
  return {
    target,
    refresh: (credentialId) =>
      target.call(METHOD, headers, RefreshRequest.encode({ credentialId, expectedVersion: 0, cause: 'operator' }).finish()),
  }
}

function refresherOf(vault: VaultUnderTest, connections: number): ReturnType<typeof refresher> {
  return refresher({ grpc: vault.said.grpc, tls: vault.said.identities['token-refresher'], orders: vault, connections })
}

/** A few at a time: each is several calls. */
export async function grants(
  orders: VaultOrders,
  { count, answersAfterMs }: { readonly count: number; readonly answersAfterMs: number },
): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count) {
    const batch = Math.min(32, count - ids.length)
    ids.push(...(await Promise.all(Array.from({ length: batch }, () => orders.connectGrant(answersAfterMs)))))
  }
  return ids
}

/** The loop runs in the process that has this control, which must be on the core of what is measured. */
export async function rawPosts(
  bench: Bench,
  { control, concurrent, ms }: { readonly control: number; readonly concurrent: number; readonly ms: number },
): Promise<{ ops: number; ms: number; latencies: number[] }> {
  const { said } = await bench.outside()
  const body = JSON.stringify({ port: said.port, path: '/token', concurrent, ms })
  const answer = await fetch(`http://127.0.0.1:${control}/raw-posts`, { method: 'POST', body })
  const sample = (await answer.json()) as { latencies: number[]; ms: number }
  return { ...sample, ops: sample.latencies.length }
}

/** A refresh that did nothing would be fast: the token endpoint is asked how many there were. */
export function witnessed(bench: Bench, { pid, run }: Case): Case {
  return {
    pid,
    async run(ms) {
      const outside = await bench.outside()
      const before = (await outside.stats()).tokens
      const sample = await run(ms)
      const posts = (await outside.stats()).tokens - before
      if (posts !== sample.ops) throw new TypeError(`${sample.ops} refreshes made ${posts} token requests`)
      return sample
    },
  }
}

async function throughput(bench: Bench): Promise<Measured> {
  const vault = await bench.vault()
  const ids = await grants(vault, { count: CONCURRENT, answersAfterMs: 0 })
  const { target, refresh } = await refresherOf(vault, 4)
  const { pid } = vault.process
  const raw = (ms: number): ReturnType<typeof rawPosts> => rawPosts(bench, { control: vault.said.control, concurrent: CONCURRENT, ms })
  const whole: Case = { pid, run: (ms) => loop((caller) => refresh(ids[caller]!), { concurrent: CONCURRENT, ms }) }
  const rounds = await inRounds(bench.effort, { refresh: witnessed(bench, whole), raw: { pid, run: raw } })
  target.close()
  const at = (name: 'refresh' | 'raw'): string =>
    `${figure(median(rounds.map((round) => perSecond(round[name]))))}/s, ${figure(median(rounds.map((round) => round[name].cpuUs)))} µs CPU`
  return {
    id: 'F1',
    title: `whole refreshes, c=${CONCURRENT}, per second`,
    baseline: 'raw POST loop',
    unit: '×',
    goal: 0.12,
    better: 'higher',
    values: rounds.map((round) => perSecond(round.refresh) / perSecond(round.raw)),
    note: `${at('refresh')} against ${at('raw')}`,
  }
}

async function slow(bench: Bench): Promise<Measured> {
  const concurrent = bench.effort.quick ? 64 : 1024
  const vault = await bench.vault()
  const ids = await grants(vault, { count: concurrent, answersAfterMs: SLOW_MS })
  const { target, refresh } = await refresherOf(vault, 8)
  const all: Case = { pid: vault.process.pid, run: (ms) => loop((caller) => refresh(ids[caller]!), { concurrent, ms }) }
  const rounds = await inRounds({ ...bench.effort, rounds: bench.effort.quick ? 1 : 3 }, { refresh: witnessed(bench, all) })
  target.close()
  const possible = (concurrent * 1000) / SLOW_MS
  return {
    id: 'F2',
    title: `whole refreshes at one endpoint that takes ${SLOW_MS} ms, c=${concurrent}`,
    baseline: 'c / latency',
    unit: '×',
    goal: 0.95,
    better: 'higher',
    values: rounds.map((round) => perSecond(round.refresh) / possible),
    note: `${figure(median(rounds.map((round) => perSecond(round.refresh))))}/s of ${figure(possible)}/s; the vault opens 64 connections per project and origin`,
  }
}

/** Everybody is refused with the old token and gets his answer with the new one: what is waited beyond the POST and the call itself. */
async function crowd(bench: Bench): Promise<Measured> {
  const size = bench.effort.quick ? 100 : 1000
  const vault = await bench.vault()
  const outside = await bench.outside()
  const values: number[] = []
  const plains: number[] = []
  for (let round = 0; round < (bench.effort.quick ? 1 : 3); round++) {
    const credentialId = await vault.connectGrant(CROWD_POST_MS)
    const at = `/v1/proxy/${credentialId}/guarded`
    const plain = await p99OfOneEach(vault, { path: at, size })
    // Somebody else's token is the newest now, so this one is refused.
    await vault.connectGrant(0)
    const before = (await outside.stats()).tokens
    const refused = await p99OfOneEach(vault, { path: at, size })
    const posts = (await outside.stats()).tokens - before
    if (posts !== 1) throw new TypeError(`${size} calls made ${posts} token requests`)
    plains.push(plain)
    values.push(refused - CROWD_POST_MS - plain)
  }
  return {
    id: 'F3',
    title: `${size} calls at once on an expired token, 1 POST: wait beyond POST and call, p99`,
    baseline: `a POST of ${CROWD_POST_MS} ms`,
    unit: 'ms',
    goal: 25,
    better: 'lower',
    values,
    note: `the same calls on a token in force: p99 ${figure(median(plains))} ms`,
  }
}

async function p99OfOneEach(vault: VaultUnderTest, { path, size }: { readonly path: string; readonly size: number }): Promise<number> {
  const open = (): ReturnType<typeof openCaller> => openCaller({ port: vault.dataPort, path, headers: vault.callerHeaders })
  const callers = await Promise.all(Array.from({ length: size }, open))
  const start = performance.now()
  const ends = await Promise.all(callers.map((caller) => caller.call().then((answer) => endOf(answer, start))))
  for (const caller of callers) caller.close()
  return quantile(ends, 0.99)
}

function endOf({ status }: HttpAnswer, start: number): number {
  if (status !== 200) throw new TypeError(`a call was answered ${status}`)
  return performance.now() - start
}
