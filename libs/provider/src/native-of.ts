import type { PayloadDiscover, PayloadNative } from './payload-native.ts'
import type { RecipeDiscover, RecipeNative } from './recipe-native.ts'
import type { Placement, Segment } from './recipe-placement.ts'
import { CLIENT_ID, CLIENT_SECRET } from './segments.ts'
import { parseTemplate } from './template.ts'

const TOKEN: Segment = { field: 'access_token' }

/** What a recipe holds of `native_config`. */
export function nativeOf(native: PayloadNative): RecipeNative {
  const { account, refused, messages, refused_paths, token_prefix } = native
  return {
    ...(account === undefined ? {} : { account }),
    discover: native.discover.map((step) => discoverOf(step, native)),
    channels: native.channels.map(({ channel, display_name, asset, token }) => ({ channel, displayName: display_name, asset, token })),
    ...(refused === undefined ? {} : { refused }),
    ...(messages === undefined ? {} : { messages }),
    ...(refused_paths === undefined ? {} : { refusedPaths: refused_paths }),
    ...(token_prefix === undefined ? {} : { tokenPrefix: token_prefix }),
  }
}

function discoverOf({ as, token_parameter, assets = [], ...step }: PayloadDiscover, native: PayloadNative): RecipeDiscover {
  return { ...step, assets, ...(as === undefined ? {} : { placements: clientPlacements(native, token_parameter) }) }
}

/** The proof that goes beside the token: without the client's secret a stolen token is worth nothing. */
export function proofPlacements(native: PayloadNative | undefined): readonly Placement[] {
  if (native?.proof === undefined) return []
  const { parameter: name, hash } = native.proof
  return [{ in: 'query', name, value: [{ hmac: { hash, key: [{ field: CLIENT_SECRET }], message: [TOKEN], encoding: 'hex' } }] }]
}

/** A call of the client itself about a token: the client is known by `client_token`, the token stands in the query. */
export function clientPlacements(native: PayloadNative, tokenParameter: string | undefined): readonly Placement[] {
  const parts = parseTemplate(native.client_token ?? '') ?? []
  const value = parts.map((part): Segment => {
    if ('literal' in part) return part
    return { field: part.field === 'client_secret' ? CLIENT_SECRET : CLIENT_ID }
  })
  const inspected: readonly Placement[] = tokenParameter === undefined ? [] : [{ in: 'query', name: tokenParameter, value: [TOKEN] }]
  return [{ in: 'header', name: 'Authorization', value: [{ literal: 'Bearer ' }, ...value] }, ...inspected]
}
