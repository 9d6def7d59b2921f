import { clientPlacements } from './native-of.ts'
import type { PayloadVerify, ProviderPayload } from './payload.ts'
import type { PayloadNative } from './payload-native.ts'
import type { Probe } from './recipe.ts'

const ANY_2XX: readonly number[] = Array.from({ length: 100 }, (_, i) => 200 + i)

/** The call that proves a credential of this pattern: the declared one, else a GET of `user_info_uri`, else none. */
export function probeOf(payload: ProviderPayload, pattern: number): Probe | undefined {
  const chosen = payload.auth_patterns[pattern]
  const verify = chosen?.verify ?? payload.verify
  if (verify !== undefined) return { ...declaredProbe(verify), ...asClient(verify, chosen?.native_config) }
  const userInfo = chosen?.oauth_config?.user_info_uri
  return userInfo === undefined ? undefined : { method: 'GET', url: userInfo, expect: ANY_2XX }
}

function asClient(verify: PayloadVerify, native: PayloadNative | undefined): Pick<Probe, 'placements'> {
  return verify.as === 'client' && native !== undefined ? { placements: clientPlacements(native, verify.token_parameter) } : {}
}

function declaredProbe(verify: PayloadVerify): Probe {
  return {
    method: verify.method ?? 'GET',
    url: verify.path ?? verify.url ?? '/',
    expect: verify.expect ?? ANY_2XX,
    ...(verify.account_id === undefined ? {} : { accountId: verify.account_id }),
    ...(verify.account_name === undefined ? {} : { accountName: verify.account_name }),
    ...(verify.ok === undefined ? {} : { ok: { path: verify.ok } }),
    ...(verify.body === undefined ? {} : { body: verify.body }),
  }
}
