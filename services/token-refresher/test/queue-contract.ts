import { describe, expect, test } from 'vitest'
import { MAX_CONCURRENT, type QueueWorker, type RefreshQueue } from '../src/queue/refresh-queue.ts'

/** A queue with the time that it lives by. */
export interface QueueUnderTest {
  readonly queue: RefreshQueue
  now(): number
  /** Lets so much time pass, and everything happen that is due in it. */
  pass(ms: number): Promise<void>
}

/** Handles jobs as the test says, and writes down which and how many. */
class Handler {
  readonly begun: string[] = []
  readonly running = new Set<string>()
  most = 0
  isHeld = false
  isDoubled = false
  #release = Promise.withResolvers<void>()

  readonly handle = async (credentialId: string): Promise<void> => {
    this.isDoubled ||= this.running.has(credentialId)
    this.begun.push(credentialId)
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
}

/** What every adapter of RefreshQueue keeps: Q1 to Q4, run with its own time. */
export function queueContract(name: string, open: () => Promise<QueueUnderTest>): void {
  const started = async (isHeld = false): Promise<QueueUnderTest & { handler: Handler; worker: QueueWorker }> => {
    const tested = await open()
    const handler = new Handler()
    handler.isHeld = isHeld
    return { ...tested, handler, worker: await tested.queue.process(handler.handle) }
  }
  const job = (credentialId: string, at: number, priority = false) => ({ credentialId, at, priority })
  const many = (count: number, prefix = 'cred_'): string[] => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

  describe(name, () => {
    test('[S2-8] Q1 a job runs at its time, not before', async () => {
      const { queue, handler, worker, now, pass } = await started()
      await queue.schedule(job('cred_b', now() + 2_000))
      await queue.schedule(job('cred_a', now() + 1_000))
      await pass(900)
      expect(handler.begun).toEqual([])
      await pass(100)
      expect(handler.begun).toEqual(['cred_a'])
      await pass(1_000)
      expect(handler.begun).toEqual(['cred_a', 'cred_b'])
      await worker.stop()
    })

    test('[S2-8] Q1 an overdue job runs at once, also one that was there before anybody handled', async () => {
      const { queue, now, pass } = await open()
      const handler = new Handler()
      await queue.schedule(job('cred_a', now() - 5_000))
      const worker = await queue.process(handler.handle)
      await queue.schedule(job('cred_b', now() - 5_000))
      await pass(1)
      expect(handler.begun.toSorted()).toEqual(['cred_a', 'cred_b'])
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

    test('[S2-8] Q2 scheduling again moves the job, and a cancelled one never runs', async () => {
      const { queue, handler, worker, now, pass } = await started()
      await queue.schedule(job('cred_moved', now() + 1_000))
      await queue.schedule(job('cred_moved', now() + 3_000))
      await queue.schedule(job('cred_gone', now() + 1_000))
      await queue.cancel('cred_gone')
      await queue.cancel('cred_never_known')
      await pass(2_000)
      expect(handler.begun).toEqual([])
      await queue.schedule(job('cred_moved', now() + 100))
      await pass(5_000)
      expect(handler.begun).toEqual(['cred_moved'])
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
