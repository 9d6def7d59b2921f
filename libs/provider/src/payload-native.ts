/**
 * What a sign-in that belongs to one platform needs beyond OAuth: the exchange for a token that lasts, the accounts and
 * numbers that the person may hand over ("assets"), and which token each channel takes. All of it is data of the provider.
 */
export interface PayloadNative {
  /** The lasting token is got, and later renewed, by a request of this grant type that carries the token in force. */
  readonly exchange?: {
    readonly grant_type: string
    readonly parameter: string
    /** Sent beside it as they are. */
    readonly parameters?: Readonly<Record<string, string>>
  }
  /** Every call carries an HMAC of its token under the client's secret, as this query parameter. */
  readonly proof?: { readonly parameter: string; readonly hash: 'sha256' }
  /** What the client itself is known by, as a template over `client_id` and `client_secret`. */
  readonly client_token?: string
  /** Who signed in: a GET below `proxy_url`. */
  readonly account?: { readonly path: string; readonly id: string; readonly name: string }
  readonly discover: readonly PayloadDiscover[]
  readonly channels: readonly PayloadChannel[]
  /** An answer that means "this token is refused", where the status alone does not say it. */
  readonly refused?: { readonly statuses: readonly number[]; readonly pointer: string; readonly values: readonly string[] }
  /** Messages that the sign-in window sends to the page that opened it. They are hints and decide nothing. */
  readonly messages?: { readonly origins: readonly string[]; readonly type: string }
  /** Paths below `proxy_url` that nobody may call: batches, which would go round every rule, and what describes tokens. */
  readonly refused_paths?: readonly string[]
  /** Every token that the provider issues begins with it: a token in an answer is masked before anybody reads it. */
  readonly token_prefix?: string
}

/** One GET below `proxy_url` that finds assets, or ids for later calls. */
export interface PayloadDiscover {
  readonly path: string
  /** `client`: authenticated by `client_token`, with the person's token as `token_parameter`. */
  readonly as?: 'client'
  readonly token_parameter?: string
  /** Repeats the call for each id that an earlier call collected under this name; `{{name}}` in the path is the id. */
  readonly for?: string
  /** JSON pointer to the list in the answer. */
  readonly each: string
  /** Only items with this value. */
  readonly where?: { readonly pointer: string; readonly equals: string }
  /** Keeps the ids of a list in each item under a name. */
  readonly collect?: { readonly ids: string; readonly name: string }
  readonly assets?: readonly PayloadAsset[]
  /** How a long list goes on. */
  readonly page?: { readonly more: string; readonly cursor: string; readonly parameter: string }
}

/** One asset of an item; all members but `channel` are JSON pointers into the item. */
export interface PayloadAsset {
  readonly channel: string
  readonly id: string
  readonly name: string
  /** What people know it by beside its name: a phone number, say. */
  readonly label?: string
  /** The asset's own token; sealed. */
  readonly token?: string
  /** The id that it belongs to; of a repeated call, the id that it was made for. */
  readonly parent?: string
}

export interface PayloadChannel {
  readonly channel: string
  readonly display_name: string
  /** What one asset is called: `phone number`. */
  readonly asset: string
  /** Which token the calls of the channel carry: the person's, or that of the asset. */
  readonly token: 'user' | 'asset'
}
