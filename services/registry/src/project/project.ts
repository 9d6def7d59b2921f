import type { Doc } from '@credence/store'

export const CONFIRMS = ['host', 'code', 'login', 'none'] as const
export type Confirm = (typeof CONFIRMS)[number]

/** A tenant and its settings (`registry_projects`). */
export interface ProjectDoc extends Doc {
  readonly name: string
  /** Where an end page may send people; compared whole. */
  readonly returnUrls: readonly string[]
  /** Pages that may hold a widget; compared whole. */
  readonly origins: readonly string[]
  /** How the person at the end of a connect is proven to be the one who started it. */
  readonly confirm: Confirm
  /** Where the owner of an expired credential is sent with `confirm: host`; empty: nowhere. */
  readonly reconnectUrl: string
  readonly consoleIssuer?: { readonly issuer: string; readonly clientId: string } | undefined
  readonly createdAt: Date
}

export const INSTALLATION = 'installation'

/** Made once per store (`registry_installation`): what the first start decided. */
export interface Installation extends Doc {
  /** The project "default". */
  readonly project: string
  /** The id of the first admin key. */
  readonly key: string
  /** HMAC key of page tokens and request digests, 32 bytes. */
  readonly macKey: Uint8Array
}
