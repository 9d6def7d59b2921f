import type { Fault } from '@credence/errors'

/** A payload some of whose members may be absent or refused already: what the rules beyond the schema are checked on. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly (Draft<Item> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
    : T

/** Where a check puts what it finds. */
export type Report = (fault: Fault) => void

/** True when something at or below this pointer was refused already: what depends on it is not judged then. */
export type Broken = (pointer: string) => boolean
