/** The only module that opens outbound sockets: address check, pinning, limits, and the secret swapped in at the socket. */
export type { Resolver } from './address-check.ts'
export { type AddressClass, addressClass } from './address-class.ts'
export type { Connect } from './connector.ts'
export { createEgress, type Egress, type EgressOptions } from './egress.ts'
export { EGRESS_SETTINGS, egressOf } from './operator-settings.ts'
export type { OutboundRequest, OutboundResponse } from './outbound.ts'
export { newPlaceholder, type SwappedSecret } from './placeholder.ts'
export { type AllowEntry, type EgressSettings, parseEgressSettings, type ResolveEntry } from './settings.ts'
