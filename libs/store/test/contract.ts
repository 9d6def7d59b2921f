import { afterAll, beforeAll, describe } from 'vitest'
import type { Collection, Doc, DocumentStore, IndexSpec } from '../src/index.ts'
import { documentCases } from './contract-documents.ts'
import { indexCases } from './contract-indexes.ts'
import { lifeCases } from './contract-life.ts'
import { pageCases } from './contract-pages.ts'
import { writeCases } from './contract-writes.ts'

/** One store with its own empty data. */
export interface OpenedStore {
  readonly store: DocumentStore
  /** Closes the store that is open and opens another on the same data. */
  reopen(): Promise<DocumentStore>
  /** Closes what is open and throws the data away. */
  dispose(): Promise<void>
}

export type OpenStore = () => Promise<OpenedStore>

/** Any members: the suite stores what no service does. */
export interface AnyDoc extends Doc {
  readonly [member: string]: unknown
}

/** Makes an empty collection in the store of the block. */
export type FreshCollection = (indexes?: readonly IndexSpec[]) => Promise<Collection<AnyDoc>>

/** What every engine must do alike. Each block opens one store; the blocks about its life open their own. */
export function documentStoreContract(name: string, open: OpenStore): void {
  describe(`document store: ${name}`, () => {
    for (const [block, cases] of Object.entries({ documents: documentCases, writes: writeCases, indexes: indexCases, pages: pageCases })) {
      describe(block, () => cases(sharedStore(open)))
    }
    describe('life', () => lifeCases(open))
  })
}

function sharedStore(open: OpenStore): FreshCollection {
  let opened: OpenedStore | undefined
  let made = 0
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(async () => {
    await opened?.dispose()
  })
  return async (indexes = []) => {
    if (!opened) throw new TypeError('the store is not open')
    made += 1
    return opened.store.collection<AnyDoc>({ name: `contract_${letters(made)}`, indexes })
  }
}

/** Names of collections have no digits. */
function letters(count: number): string {
  return [...String(count)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
}
