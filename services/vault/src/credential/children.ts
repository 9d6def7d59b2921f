import { CodedError, isCoded } from '@credence/errors'
import type { Collection, DocumentStore, Stored } from '@credence/store'
import { CHILD_COLLECTION, CHILD_INDEXES, type Child } from './child.ts'
import { type Floors, isBelow, quarantined } from './floors.ts'

type Change = (child: Stored<Child>) => Child | Promise<Child>

/** The stored children. Every read is held against the floors, every write raises them. */
export interface Children {
  readonly collection: Collection<Child>
  /** A fresh read: a fence that is read decides who may use a secret. Throws CREDENTIAL_QUARANTINED for a row from the past. */
  read(id: string): Promise<Stored<Child> | undefined>
  /** The same, for whoever must judge the caller before he may be told that the row is from the past. */
  look(id: string): Promise<Looked>
  /** As `read`, but a missing or deleted one is NOT_FOUND. */
  need(id: string): Promise<Stored<Child>>
  insert(child: Child): Promise<Stored<Child>>
  /** Compare-and-set at the rev that was read; throws CONFLICT when somebody was faster. */
  replace(child: Child, read: Stored<Child>): Promise<Stored<Child>>
  /** Reads, changes and writes until nobody was faster. `change` may answer the child itself: nothing to do. */
  change(id: string, change: Change): Promise<Stored<Child>>
  /** As `change`, but gives it a tombstone too. */
  changeAny(id: string, change: Change): Promise<Stored<Child>>
}

export interface Looked {
  readonly child: Stored<Child> | undefined
  /** It is below its floor: nobody may use it. */
  readonly isPast: boolean
}

/** Beyond this many lost races something else is wrong than bad luck. */
const MOST_TRIES = 50

export async function openChildren(store: DocumentStore, floors: Floors): Promise<Children> {
  const collection = await store.collection<Child>({ name: CHILD_COLLECTION, indexes: CHILD_INDEXES })
  const raised = (child: Stored<Child>): Stored<Child> => {
    const state = child.deleted === undefined ? child.access?.state : 'deleted'
    floors.raise(child.id, { version: child.version, generation: child.access?.generation ?? 0, state })
    return child
  }
  async function look(id: string): Promise<Looked> {
    for (;;) {
      const floor = floors.of(id)
      const child = await collection.get(id, { fresh: true })
      if (child === undefined || child.deleted !== undefined) return { child, isPast: false }
      const row = { version: child.version, generation: child.access?.generation ?? 0 }
      if (isBelow(row, floor)) return { child, isPast: true }
      // It was in force when it was asked for, and changed while the answer was on its way: what counts is what is there now.
      if (!isBelow(row, floors.of(id))) return { child, isPast: false }
    }
  }
  async function read(id: string): Promise<Stored<Child> | undefined> {
    const { child, isPast } = await look(id)
    if (isPast) throw quarantined(id)
    return child
  }
  async function need(id: string): Promise<Stored<Child>> {
    const child = await read(id)
    if (child === undefined || child.deleted !== undefined) throw new CodedError('NOT_FOUND')
    return child
  }
  async function changeAny(id: string, change: Change, find = read): Promise<Stored<Child>> {
    for (let tries = 1; ; tries++) {
      const before = await find(id)
      if (before === undefined) throw new CodedError('NOT_FOUND')
      const after = await change(before)
      if (after === before) return before
      try {
        return raised(await collection.replace(after, before.rev))
      } catch (error) {
        if (!isCoded(error, 'CONFLICT') || tries === MOST_TRIES) throw error
      }
    }
  }
  return {
    collection,
    read,
    look,
    need,
    replace: async (child, before) => raised(await collection.replace(child, before.rev)),
    insert: async (child) => raised(await collection.insert(child)),
    change: (id, change) => changeAny(id, change, need),
    changeAny: (id, change) => changeAny(id, change),
  }
}
