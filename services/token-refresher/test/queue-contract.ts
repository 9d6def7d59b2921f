import { currentTraceId } from '@credence/service'
import { describe, expect, test } from 'vitest'
import { MAX_CONCURRENT, type QueueWorker, type RefreshJob, type RefreshQueue } from '../src/queue/refresh-queue.ts'

/** A queue with the time that it lives by. */
export interface QueueUnderTest {
  readonly queue: RefreshQueue
  now(): number
  /** Lets so much time pass, or more, and everything happen that is due until the moment that it gives. */
  pass(ms: number): Promise<number>
}

/** Handles jobs as the test says, and writes down which and how many. */
class Handler {
  readonly begun: string[] = []
  readonly begunAt = new Map<string, number>()
  readonly running = new Set<string>()
  most = 0
  isHeld = false
  isDoubled = false
  #release = Promise.withResolvers<void>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  readonly handle = async (credentialId: string): Promise<void> => {
    this.isDoubled ||= this.running.has(credentialId)
    this.begun.push(credentialId)
    this.begunAt.set(credentialId, this.#now())
    this.running.add(credentialId)
    this.most = Math.max(this.most, this.running.size)
    if (this.isHeld) await this.#release.promise
    this.running.delete(credentialId)
    if (credentialId === 'cred_throws') throw new TypeError('a handler with a fault')
  }

  release(): void {
    this.isHeld = false
    this.#release.resolve()
    this.#release = Promise.withResolvers()
  }

  /** Fails unless all that came due until then have begun, and none before its time. */
  expectInTime(jobs: readonly RefreshJob[], until: number): void {
    const late = jobs.filter(({ credentialId, at }) => at <= until && !this.begunAt.has(credentialId))
    const early = jobs.filter(({ credentialId, at }) => (this.begunAt.get(credentialId) ?? at) < at)
    expect({ late, early }).toEqual({ late: [], early: [] })
  }
}

/** What every adapter of RefreshQueue keeps: Q1 to Q5, run with its own time. */
export function queueContract(name: string, open: () => Promise<QueueUnderTest>): void {
  const started = async (isHeld = false): Promise<QueueUnderTest & { handler: Handler; worker: QueueWorker }> => {
    const tested = await open()
    const handler = new Handler(tested.now)
    handler.isHeld = isHeld
    return { ...tested, handler, worker: await tested.queue.process(handler.handle) }
  }
  const job = (credentialId: string, at: number, priority = false) => ({ credentialId, at, priority })
  const many = (count: number, prefix = 'cred_'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

  describe(name, () => {
    test('[S2-8] Q1 a job runs at its time, not before', async () => {
      const { queue, handler, worker, now, pass } = await started()
      const jobs = [job('cred_b', now() + 400), job('cred_a', now() + 200)]
      for (const one of jobs) await queue.schedule(one)
      for (const ms of [180, 20, 190, 10]) handler.expectInTime(jobs, await pass(ms))
      expect(handler.begun).toEqual(['cred_a', 'cred_b'])
      await worker.stop()
    })

    test('[S2-8] Q1 an overdue job runs at once, also one that was there before anybody handled', async () => {
      const { queue, now, pass } = await open()
      const handler = new Handler(now)
      await queue.schedule(job('cred_a', now() - 5_000))
      const worker = await queue.process(handler.handle)
      await queue.schedule(job('cred_b', now() - 5_000))
      await pass(1)
      expect(handler.begun.toSorted()).toEqual(['cred_a', 'cred_b'])
      await worker.stop()
    })

    test('[C-6] its depth tells what comes later, what could run and what runs', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      await queue.schedule(...many(MAX_CONCURRENT + 3).map((id) => job(id, now())), job('cred_later', now() + 3_600_000))
      await pass(10)
      expect(await queue.depth()).toEqual({ delayed: 1, ready: 3, running: MAX_CONCURRENT })
      handler.release()
      await pass(10)
      expect(await queue.depth()).toEqual({ delayed: 1, ready: 0, running: 0 })
      await worker.stop()
    })

    test('[S2-8] Q1 what is nearly over goes before what waits longer', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      for (const id of many(MAX_CONCURRENT + 20)) await queue.schedule(job(id, now()))
      await pass(10)
      await queue.schedule(job('cred_urgent', now(), true))
      await pass(10)
      handler.release()
      await pass(10)
      expect(handler.begun[MAX_CONCURRENT]).toBe('cred_urgent')
      expect(handler.begun.length).toBe(MAX_CONCURRENT + 21)
      await worker.stop()
    })

    test('[S2-8] Q1 one that is ready and becomes urgent goes before the others too', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      await queue.schedule(...many(MAX_CONCURRENT + 20).map((id) => job(id, now())))
      await pass(10)
      const last = `cred_${MAX_CONCURRENT + 19}`
      await queue.schedule(job(last, now(), true))
      await pass(10)
      handler.release()
      await pass(10)
      expect(handler.begun[MAX_CONCURRENT]).toBe(last)
      expect(handler.begun.length).toBe(MAX_CONCURRENT + 20)
      await worker.stop()
    })

    test('[S2-8] Q2 scheduling again moves the job, and a cancelled one never runs', async () => {
      const { queue, handler, worker, now, pass } = await started()
      // Far enough ahead that neither comes due before it is moved and taken out.
      await queue.schedule(job('cred_moved', now() + 1_500))
      await queue.schedule(job('cred_moved', now() + 60_000))
      await queue.schedule(job('cred_gone', now() + 1_500))
      await queue.cancel('cred_gone')
      await queue.cancel('cred_never_known')
      await pass(1_600)
      expect(handler.begun).toEqual([])
      await queue.schedule(job('cred_moved', now() + 100))
      await pass(300)
      expect(handler.begun).toEqual(['cred_moved'])
      await worker.stop()
    })

    test('[S2-8] Q2 one that is ready and waits for a place can be moved and taken out too', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      await queue.schedule(...many(MAX_CONCURRENT).map((id) => job(id, now())))
      await pass(10)
      await queue.schedule(job('cred_moved', now()), job('cred_gone', now()))
      await pass(10)
      const later = job('cred_moved', now() + 60_000)
      await queue.schedule(later)
      await queue.cancel('cred_gone')
      handler.release()
      await pass(100)
      expect(handler.begun.length).toBe(MAX_CONCURRENT)
      handler.expectInTime([later], now())
      await worker.stop()
    })

    test('[B-1] Q3 one credential is never handled twice at a time, and sixteen are the most', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      for (const id of many(40)) await queue.schedule(job(id, now()))
      await pass(10)
      for (const id of many(40)) await queue.schedule(job(id, now()))
      await pass(10)
      expect([...handler.running].toSorted()).toEqual(many(MAX_CONCURRENT).toSorted())
      handler.release()
      await pass(100)
      expect(handler.most).toBe(MAX_CONCURRENT)
      expect(handler.isDoubled).toBe(false)
      expect(new Set(handler.begun).size).toBe(40)
      await worker.stop()
    })

    test('[B-1] Q3 a credential that comes due while it is handled is handled once more afterwards', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      for (let n = 0; n < 3; n++) {
        await queue.schedule(job('cred_a', now()))
        await pass(10)
      }
      expect(handler.begun).toEqual(['cred_a'])
      handler.release()
      await pass(10)
      expect(handler.begun).toEqual(['cred_a', 'cred_a'])
      expect(handler.isDoubled).toBe(false)
      await worker.stop()
    })

    test('[S2-8] Q2 what was put in while its credential is handled can be moved and taken out again', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      await queue.schedule(job('cred_a', now()), job('cred_b', now()))
      await pass(10)
      await queue.schedule(job('cred_a', now()), job('cred_b', now()))
      await queue.cancel('cred_a')
      await queue.schedule(job('cred_b', now() + 60_000))
      handler.release()
      await pass(100)
      expect(handler.begun.toSorted()).toEqual(['cred_a', 'cred_b'])
      await worker.stop()
    })

    test('[S2-8] Q4 a handler that throws holds up nobody', async () => {
      const { queue, handler, worker, now, pass } = await started()
      for (let n = 0; n < MAX_CONCURRENT + 1; n++) {
        await queue.schedule(job('cred_throws', now()))
        await pass(10)
      }
      await queue.schedule(job('cred_a', now()))
      await pass(10)
      expect(handler.begun.length).toBe(MAX_CONCURRENT + 2)
      await worker.stop()
    })

    test('[C-6] Q5 a job goes on with the trace that it was given, at once or later', async () => {
      const { queue, now, pass } = await open()
      const traces = new Map<string, string | undefined>()
      const worker = await queue.process(async (id) => void traces.set(id, currentTraceId()))
      const [first, second] = ['a'.repeat(32), 'b'.repeat(32)]
      const traced = (id: string, at: number, trace: string) => ({ ...job(id, at), traceparent: `00-${trace}-00f067aa0ba902b7-01` })
      await queue.schedule(traced('cred_a', now(), first!), traced('cred_b', now() + 200, second!), job('cred_c', now() + 200))
      await pass(400)
      await worker.stop()
      expect(Object.fromEntries(traces)).toEqual({ cred_a: first, cred_b: second, cred_c: undefined })
    })

    test('[S2-8] a stop begins nothing more and waits for what is under way', async () => {
      const { queue, handler, worker, now, pass } = await started(true)
      for (const id of many(20)) await queue.schedule(job(id, now()))
      await pass(10)
      let isStopped = false
      const stopped = worker.stop().then(() => {
        isStopped = true
      })
      await pass(10)
      expect(isStopped).toBe(false)
      handler.release()
      await stopped
      expect(handler.begun.length).toBe(MAX_CONCURRENT)
      expect(handler.running.size).toBe(0)
    })
  })
}
