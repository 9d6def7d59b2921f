import type { EgressSettings } from '@credence/egress'
import { CodedError, type Fault } from '@credence/errors'
import { isSafeAddress } from './connect/browser.ts'

/** What the gateway is told at its start. */
export interface GatewayConfig {
  /** Address of the three listeners. */
  readonly host: string
  /** Service gRPC; 0: any free port. */
  readonly port: number
  /** Connect pages, callbacks, reconnect addresses; 0: any free port. */
  readonly publicPort: number
  /** REST, OpenAPI, events, console; 0: any free port. */
  readonly adminPort: number
  /** How people reach the public listener; links and cookies follow from it. */
  readonly publicUrl: string
  /** How administrators reach the admin listener. */
  readonly adminUrl: string
  /** Largest body of the API. Default 256 KiB, a provider payload's own limit. */
  readonly maxRequestBytes?: number
  /** Per client address. Default 600 on the public listener, 6,000 on the admin one. */
  readonly publicRequestsPerMinute?: number
  readonly adminRequestsPerMinute?: number
  /** Addresses or networks of reverse proxies whose X-Forwarded-For is believed. Default: none. */
  readonly trustProxy?: readonly string[]
  /** How long a stop waits for the next request on a kept connection. Default 0. */
  readonly lingerMs?: number
  /** For calls to issuers. Default: nothing private, nothing mapped. */
  readonly egress?: EgressSettings
}

export type GatewaySettings = Required<GatewayConfig>

const KIB = 1024

/** The settings with their defaults, frozen. Throws INVALID_SETTING for an address that no browser would keep a cookie for. */
export function settingsOf(config: GatewayConfig): GatewaySettings {
  const faults: Fault[] = []
  for (const [name, url] of [
    ['PUBLIC_URL', config.publicUrl],
    ['ADMIN_URL', config.adminUrl],
  ] as const) {
    if (isSafeAddress(url)) continue
    const detail = 'Give an https address; http works for localhost and 127.0.0.1 only.'
    faults.push({ pointer: `/CREDENCE_${name}`, code: 'INVALID_VALUE', detail })
  }
  if (faults.length > 0) throw new CodedError('INVALID_SETTING', undefined, { faults })
  return Object.freeze({
    ...config,
    publicUrl: config.publicUrl.replace(/\/+$/, ''),
    adminUrl: config.adminUrl.replace(/\/+$/, ''),
    maxRequestBytes: config.maxRequestBytes ?? 256 * KIB,
    publicRequestsPerMinute: config.publicRequestsPerMinute ?? 600,
    adminRequestsPerMinute: config.adminRequestsPerMinute ?? 6000,
    trustProxy: config.trustProxy ?? [],
    lingerMs: config.lingerMs ?? 0,
    egress: config.egress ?? { allow: [], resolve: [] },
  })
}
