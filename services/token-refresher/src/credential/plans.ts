import { isCoded } from '@credence/errors'
import { addFacts, type NewFact } from '@credence/events'
import { type Clock, type Random, traceHeaders } from '@credence/service'
import type { Collection, CollectionSpec, DocumentStore, Stored } from '@credence/store'
import { isRetrying, PLAN_INDEXES, type Plan } from './plan.ts'

export type PlanChange =
  | { readonly do: 'keep' }
  /** `facts` go into the outbox in the same write. */
  | { readonly do: 'write'; readonly plan: Plan; readonly facts?: readonly NewFact[] }
  | { readonly do: 'remove' }

/** The plans of all credentials. Every change is a compare-and-set at the rev that the decision was made on. */
export interface Plans {
  readonly collection: Collection<Plan>
  get(id: string): Promise<Stored<Plan> | undefined>
  /** One try. False: somebody else changed it since `before` was read. */
  tryChange(before: Stored<Plan> | undefined, change: PlanChange): Promise<boolean>
  /** Reads, decides and writes, again after every conflict. Gives the plan as it is then. */
  change(id: string, decide: (plan: Stored<Plan>) => PlanChange): Promise<Stored<Plan> | undefined>
}

export interface PlansOptions {
  readonly store: DocumentStore
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'bytes'>
  /** Told of every plan that was written, and of the id of every plan that was removed. */
  readonly onChange: (id: string, plan: Plan | undefined) => void
}

/** A plan that still has something to tell is removed when that is out. */
const REMOVE_AGAIN_MS = 5_000

export const PLAN_COLLECTION: CollectionSpec = { name: 'token_refresher_plans', indexes: PLAN_INDEXES }

export async function openPlans(options: PlansOptions): Promise<Plans> {
  const collection = await options.store.collection<Plan>(PLAN_COLLECTION)
  const get = (id: string): Promise<Stored<Plan> | undefined> => collection.get(id, { fresh: true })
  const tryChange = async (before: Stored<Plan> | undefined, change: PlanChange): Promise<boolean> => {
    try {
      if (change.do === 'write') await write({ ...options, collection }, before, change)
      else if (change.do === 'remove' && before !== undefined) await remove({ ...options, collection }, before)
      return true
    } catch (error) {
      if (isCoded(error, 'CONFLICT') || isCoded(error, 'ALREADY_EXISTS')) return false
      throw error
    }
  }
  return {
    collection,
    get,
    tryChange,
    async change(id, decide) {
      for (;;) {
        const before = await get(id)
        if (before === undefined) return undefined
        const change = decide(before)
        if (change.do === 'keep') return before
        if (await tryChange(before, change)) return get(id)
      }
    },
  }
}

interface Writing extends PlansOptions {
  readonly collection: Collection<Plan>
}

async function write(
  { collection, clock, random, onChange }: Writing,
  before: Stored<Plan> | undefined,
  { plan, facts = [] }: Omit<Extract<PlanChange, { do: 'write' }>, 'do'>,
): Promise<void> {
  const context = { source: 'token-refresher', project: plan.project, subject: plan.id, now: clock.now(), random }
  const traceparent = isRetrying(plan) ? traceHeaders().traceparent : undefined
  const told = addFacts({ ...plan, traceparent }, facts, context)
  await (before === undefined ? collection.insert(told) : collection.replace(told, before.rev))
  onChange(plan.id, told)
}

async function remove(writing: Writing, before: Stored<Plan>): Promise<void> {
  if (before.outbox.length > 0) {
    const refreshAt = new Date(writing.clock.now() + REMOVE_AGAIN_MS)
    return write(writing, before, { plan: { ...before, state: 'paused', reason: 'deleted', refreshAt } })
  }
  await writing.collection.remove(before.id, before.rev)
  writing.onChange(before.id, undefined)
}
