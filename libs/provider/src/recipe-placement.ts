import type { ByteEncoding, HashName } from './byte-forms.ts'

/** One thing that is put on a request. An existing header, parameter or cookie of the same name is removed first. */
export interface Placement {
  readonly in: 'header' | 'query' | 'cookie'
  readonly name: string
  readonly value: readonly Segment[]
}

/**
 * A piece of a placed value. A field's piece is `prefix + (value, or default when it is absent or empty) + suffix`;
 * values come from the secret and the plain fields alike, and under the name CLIENT_SECRET from the OAuth client. `base64`
 * encodes the bytes of its pieces; `hmac` is made of them when the request leaves (RFC 2104).
 */
export type Segment =
  | { readonly literal: string }
  | { readonly field: string; readonly prefix?: string; readonly suffix?: string; readonly default?: string }
  | { readonly base64: readonly Segment[] }
  | { readonly hmac: HmacSegment }

export interface HmacSegment {
  readonly hash: HashName
  readonly key: readonly Segment[]
  readonly message: readonly Segment[]
  readonly encoding: ByteEncoding
}
