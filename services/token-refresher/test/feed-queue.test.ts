import { createLogger } from '@credence/service'
import type { Collection, FindQuery, Stored } from '@credence/store'
import { TestClock } from '@credence/testkit'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../src/credential/plan.ts'
import { createQueueFeed, type QueueFeed } from '../src/queue/feed-queue.ts'
import type { RefreshJob } from '../src/queue/refresh-queue.ts'
import { PROJECT } from './fake-peers.ts'
import { HOUR, MINUTE } from './platform.ts'

const WINDOW_MS = MINUTE

/** A feed between an index of so many plans that are due, and a queue that writes down what is put in. */
class World {
  readonly clock: TestClock = new TestClock()
  readonly asked: FindQuery[] = []
  readonly jobs: RefreshJob[] = []
  readonly cancelled: string[] = []
  readonly feed: QueueFeed
  readonly #due: number

  constructor(due: number) {
    this.#due = due
    const queue = {
      schedule: async (...jobs: RefreshJob[]) => void this.jobs.push(...jobs),
      cancel: async (id: string) => void this.cancelled.push(id),
      process: async () => ({ stop: async () => undefined }),
    }
    const log = createLogger({ service: 'token-refresher', level: 'silent' })
    this.feed = createQueueFeed({ queue, log, windowMs: WINDOW_MS, now: () => this.clock.now() })
  }

  tick(): Promise<number> {
    const find: Collection<Plan>['find'] = async (_, query) => {
      this.asked.push(query)
      const from = Number(query.after ?? 0)
      const to = Math.min(from + query.limit, this.#due)
      const docs = Array.from({ length: to - from }, (_, n) => this.plan({ id: `cred_${from + n}` }))
      return { docs, ...(to < this.#due ? { next: String(to) } : {}) }
    }
    return this.feed.tick({ collection: { find } as Collection<Plan> })
  }

  plan(over: Partial<Plan> = {}): Stored<Plan> {
    const now = this.clock.now()
    const times = { issuedAt: new Date(now - HOUR / 2), refreshAt: new Date(now), expiresAt: new Date(now + HOUR / 2) }
    const rest = { project: PROJECT, version: 2, refreshClass: 'strict', failures: {}, outbox: [], factSeq: 0 } as const
    return { id: 'cred_a', v: 1, kind: 'refresh', state: 'planned', ...times, ...rest, rev: { n: 1, nonce: '' }, ...over }
  }
}

describe('feeding the queue', () => {
  test('[C-3] a tick asks for what is due in small pages, all of one range, and lets others work between them', async () => {
    const world = new World(1_050)
    let turns = 0
    let isOver = false
    const others = (): void => {
      turns++
      if (!isOver) setImmediate(others)
    }
    setImmediate(others)
    expect(await world.tick()).toBe(1_050)
    isOver = true
    const to = new Date(world.clock.now() + WINDOW_MS)
    expect(world.asked.map(({ after, ...rest }) => rest)).toEqual(Array.from({ length: 11 }, () => ({ prefix: [], to, limit: 100 })))
    expect(new Set(world.jobs.map(({ credentialId }) => credentialId)).size).toBe(1_050)
    expect(turns).toBeGreaterThanOrEqual(10)
  })

  test('[C-3] where nothing is due a tick is one question', async () => {
    const world = new World(0)
    expect(await world.tick()).toBe(0)
    expect(world.asked.length).toBe(1)
  })

  test('[S2-8] a plan that is written goes in when it is within the window, and comes out when it is not', () => {
    const world = new World(0)
    const at = (ms: number): Date => new Date(world.clock.now() + ms)
    world.feed.follow('cred_a', world.plan({ refreshAt: at(WINDOW_MS) }))
    world.feed.follow('cred_b', world.plan({ id: 'cred_b', refreshAt: at(WINDOW_MS + 1) }))
    world.feed.follow('cred_c', world.plan({ id: 'cred_c', refreshAt: undefined }))
    world.feed.follow('cred_d', undefined)
    expect(world.jobs).toEqual([{ credentialId: 'cred_a', at: at(WINDOW_MS).getTime(), priority: false }])
    expect(world.cancelled).toEqual(['cred_b', 'cred_c', 'cred_d'])
  })

  test('[S2-8] what is nearly over goes in first, and a reminder never does', () => {
    const world = new World(0)
    const expiresAt = new Date(world.clock.now() + MINUTE)
    world.feed.follow('cred_a', world.plan({ expiresAt }))
    world.feed.follow('cred_b', world.plan({ id: 'cred_b', kind: 'remind', expiresAt }))
    expect(world.jobs.map(({ priority }) => priority)).toEqual([true, false])
  })
})
