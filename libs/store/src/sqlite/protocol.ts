import type { CollectionSpec, Rev } from '../document-store.ts'
import type { FaultReport } from './fault.ts'

/** What the main thread and the writer thread say to each other. One request is answered before the next is sent. */
export type Request =
  | { readonly kind: 'group'; readonly writes: readonly Write[] }
  | { readonly kind: 'collection'; readonly spec: CollectionSpec }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close' }

export type Write =
  | { readonly kind: 'insert'; readonly collection: string; readonly id: string; readonly rev: Rev; readonly body: string }
  | {
      readonly kind: 'replace'
      readonly collection: string
      readonly id: string
      readonly expected: Rev
      readonly rev: Rev
      readonly body: string
    }
  | { readonly kind: 'remove'; readonly collection: string; readonly id: string; readonly expected: Rev }

/** `misuse` is a TypeError of the thread: a mistake of our own code, told to the one who made it. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly code: 'ALREADY_EXISTS' | 'CONFLICT' }
  | { readonly kind: 'misuse'; readonly message: string }

export const DONE: Outcome = { kind: 'done' }

export type FaultAnswer = { readonly kind: 'fault' } & FaultReport

/** One outcome per write of a group, one for any other request; or the one fault that hit them all. */
export type Reply = { readonly kind: 'outcomes'; readonly outcomes: readonly Outcome[] } | FaultAnswer

export interface WriterOptions {
  readonly file: string
  readonly busyTimeoutMs: number
}
