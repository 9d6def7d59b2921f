import type { ProbeCall } from '@credence/proto/vault'
import { parseProvider, probeOf } from '@credence/provider'

/** Where user-info answers keep who it is: the claims of OpenID Connect Core §5.1, then what most others call them. */
const ACCOUNT_IDS = ['/sub', '/id', '/data/gid', '/data/id']
const ACCOUNT_NAMES = ['/email', '/name', '/preferred_username', '/login', '/data/email', '/data/name']

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
    accountIdPointers: probe.accountId === undefined ? ACCOUNT_IDS : [probe.accountId],
    accountNamePointers: probe.accountName === undefined ? ACCOUNT_NAMES : [probe.accountName],
    body: probe.body ?? '',
    okPointer: probe.ok?.path ?? '',
  }
}
