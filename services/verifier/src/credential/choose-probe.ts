import type { ProbeCall } from '@credence/proto/vault'
import { parseProvider, probeOf } from '@credence/provider'

/**
 * Which safe read-only call proves a credential of this provider pattern: the declared `verify`, else the user-info
 * endpoint, which also says whose account it is. Undefined: nothing is known that would be safe to call.
 */
export function chooseProbe(payloadJson: Uint8Array, pattern: number): ProbeCall | undefined {
  const probe = probeOf(parseProvider(payloadJson), pattern)
  if (probe === undefined) return undefined
  return {
    method: probe.method,
    url: probe.url,
    expect: [...probe.expect],
    accountIdPointer: probe.accountId ?? '',
    accountNamePointer: probe.accountName ?? '',
    body: probe.body ?? '',
  }
}
