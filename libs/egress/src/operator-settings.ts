import type { Settings } from '@credence/service'
import { type EgressSettings, parseEgressSettings } from './settings.ts'

/** What the operator may say of the way out, for every service that has one; never from a payload. */
export const EGRESS_SETTINGS = {
  egressAllow: {
    name: 'EGRESS_ALLOW',
    kind: 'string',
    doc: 'Private addresses that may be called: [proj_…=]host-or-CIDR:port, comma-separated.',
  },
  egressResolve: {
    name: 'EGRESS_RESOLVE',
    kind: 'string',
    doc: 'Where a host is to be found instead: host:port=address:port, comma-separated, like curl --connect-to.',
  },
  egressCa: { name: 'EGRESS_CA', kind: 'file', doc: 'A CA file that provider certificates may be signed by, beside the usual ones.' },
} as const

/** Throws INVALID_SETTING with every fault. */
export function egressOf(settings: Settings<typeof EGRESS_SETTINGS>): EgressSettings {
  return parseEgressSettings({ allow: settings.egressAllow, resolve: settings.egressResolve, caFile: settings.egressCa })
}
