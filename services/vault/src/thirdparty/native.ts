/** What a sign-in handed over, as it stands beside the secret: ids and names, never a token. */
export interface NativeFacts {
  readonly account?: { readonly id: string; readonly name: string }
  readonly assets: readonly NativeAsset[]
  /** The person has chosen: what is not in the list is not in the secret either. */
  readonly chosen: boolean
  /** What was offered and not chosen: the person's token reaches it all the same, so that calls to it are refused by name. */
  readonly withheld?: readonly string[]
}

export interface NativeAsset {
  readonly channel: string
  readonly id: string
  readonly name: string
  readonly label?: string
  /** The id that it belongs to. */
  readonly parent?: string
}

/** The field under which an asset's own token is sealed. */
export function tokenField({ channel, id }: Pick<NativeAsset, 'channel' | 'id'>): string {
  return `asset_token ${channel} ${id}`
}
