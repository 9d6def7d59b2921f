/**
 * The port to a document database. Single-document compare-and-set is the only atomic operation: there are no
 * transactions, change streams, update operators or partial indexes, so every engine behaves alike.
 *
 * D1 Uniqueness is only the `id`. A unique key of another kind is a claim document whose id is the hash of the key.
 * D2 A write that was answered is durable (fsync, or majority and journal).
 * D3 An adapter stores exactly what it is given and gives back all of it, members it has no name for included. Readers
 *    take whole documents and spread them (`{...doc, status}`), so what a newer version wrote survives an older one.
 * D4 After a lost acknowledgement the adapter re-reads and compares the nonce of `rev`; it never repeats a write blindly.
 */
export interface DocumentStore {
  /**
   * Opens a collection, creating it and its indexes when missing; a new index is filled from the documents that are
   * there. Idempotent; call it once per collection at start.
   */
  collection<D extends Doc>(spec: CollectionSpec): Promise<Collection<D>>
  /** Resolves when the store can be written, throws STORE_UNAVAILABLE when not. For readiness. */
  ping(): Promise<void>
  /** Takes nothing more, finishes what was asked for. Afterwards everything throws STORE_UNAVAILABLE. */
  close(): Promise<void>
}

/**
 * Members are JSON values, `Date` or `Uint8Array`, nested up to 100 levels; `undefined` members are not stored, nor is a
 * `rev` (the store has its own). Text is well-formed Unicode, names have no NUL. 16 MiB at most. Anything else (NaN, an
 * object of a class) is a TypeError.
 */
export interface Doc {
  /** 1 to 512 bytes of text without NUL. */
  readonly id: string
  /** The version of the document's shape; readers upcast v−1. */
  readonly v: number
}

/** `n` counts the writes, `nonce` is random per write: together they tell one's own lost write from another's. */
export interface Rev {
  readonly n: number
  readonly nonce: string
}

export type Stored<D extends Doc> = D & { readonly rev: Rev }

export interface CollectionSpec {
  /** `<service>_<noun>`, letters and underscores: `registry_credentials`. */
  readonly name: string
  readonly indexes: readonly IndexSpec[]
}

/**
 * A tuple of member paths (`owner.user`); the id is always the last, implied one. One member may be an array: each
 * element is an entry, and a path through an array of objects (`shares.user`) takes each one's member. A document whose
 * first member is absent is not in the index. What has no order (null, bytes, objects) counts as absent.
 */
export interface IndexSpec {
  readonly name: string
  readonly members: readonly string[]
}

/**
 * What can be compared in an index. Dates compare by time, strings by UTF-8 bytes; false < true. Where one member has
 * values of several types: absent < numbers < strings < booleans < dates.
 */
export type IndexValue = string | number | boolean | Date

export interface FindQuery {
  /** Equal values of the first members of the index. */
  readonly prefix: readonly IndexValue[]
  /** Range of the next member: from inclusive, to exclusive, both of one type; only values of that type are in it. */
  readonly from?: IndexValue
  readonly to?: IndexValue
  /** Continue after this place: the `next` of the page before, asked for with the same members above and `reverse`. */
  readonly after?: string
  readonly reverse?: boolean
  /** 1 to 500. */
  readonly limit: number
}

export interface Page<D extends Doc> {
  readonly docs: readonly Stored<D>[]
  /** Opaque; absent on the last page. */
  readonly next?: string
}

export interface Collection<D extends Doc> {
  /** `fresh` asks for a linearizable read (the engine's primary, majority); the default may be as old as the engine allows. */
  get(id: string, options?: { readonly fresh?: boolean }): Promise<Stored<D> | undefined>
  /** Throws ALREADY_EXISTS when the id is taken. */
  insert(doc: D): Promise<Stored<D>>
  /** Replaces the document if its rev is still `expected`; throws CONFLICT when not, also when it is gone. */
  replace(doc: D, expected: Rev): Promise<Stored<D>>
  /** Removes the document if its rev is still `expected`; throws CONFLICT when not. */
  remove(id: string, expected: Rev): Promise<void>
  /**
   * Ordered by the index, then by id; `reverse` turns the order round. A page follows its predecessor's last entry, so
   * what is inserted between two pages neither repeats nor hides another document. `after` never reaches outside the
   * range: a place of another query gives INVALID_PAGE_TOKEN or nothing.
   */
  find(index: string, query: FindQuery): Promise<Page<D>>
}
