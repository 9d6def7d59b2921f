import type { Placement } from './recipe-placement.ts'

/** What the vault must know of a platform's own sign-in beyond OAuth. JSON pointers are into answers, or into their items. */
export interface RecipeNative {
  readonly account?: { readonly path: string; readonly id: string; readonly name: string }
  readonly discover: readonly RecipeDiscover[]
  readonly channels: readonly RecipeChannel[]
  /** An answer that means "this token is refused". */
  readonly refused?: { readonly statuses: readonly number[]; readonly pointer: string; readonly values: readonly string[] }
  readonly messages?: { readonly origins: readonly string[]; readonly type: string }
  /** Paths below `proxyUrl`. */
  readonly refusedPaths?: readonly string[]
  /** Every token of the provider begins with it: tokens in answers are masked. */
  readonly tokenPrefix?: string
}

export interface RecipeDiscover {
  /** Template over the id of `for`; below `proxyUrl`. */
  readonly path: string
  /** Of a call that the client makes; absent: those of the recipe. */
  readonly placements?: readonly Placement[]
  readonly for?: string
  readonly each: string
  readonly where?: { readonly pointer: string; readonly equals: string }
  readonly collect?: { readonly ids: string; readonly name: string }
  readonly assets: readonly RecipeAsset[]
  readonly page?: { readonly more: string; readonly cursor: string; readonly parameter: string }
}

export interface RecipeAsset {
  readonly channel: string
  readonly id: string
  readonly name: string
  readonly label?: string
  readonly token?: string
  readonly parent?: string
}

export interface RecipeChannel {
  readonly channel: string
  readonly displayName: string
  readonly asset: string
  readonly token: 'user' | 'asset'
}
