import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CodedError, type Fault } from '@credence/errors'
import { type Network, neverListable } from './address-class.ts'
import { parseIp } from './ip-address.ts'

/** What the operator allows beyond public https. Made by `parseEgressSettings`; never from a payload or a tenant. */
export interface EgressSettings {
  readonly allow: readonly AllowEntry[]
  readonly resolve: readonly ResolveEntry[]
  /** PEM certificates trusted beside the default ones. */
  readonly extraCa?: string
}

/** A private place that may be called: by name or by network, at one port, by one project or by all. */
export interface AllowEntry {
  readonly project?: string
  readonly host?: string
  readonly network?: Network
  readonly port: number
}

/** Calls for `host:port` are connected to `address:toPort`; Host, SNI and the certificate's name stay `host`. */
export interface ResolveEntry {
  readonly host: string
  readonly port: number
  readonly address: string
  readonly toPort: number
}

/**
 * Reads `EGRESS_ALLOW` (`[proj_…=]host-or-CIDR:port,…`), `EGRESS_RESOLVE` (`host:port=address:port,…`) and the file that
 * `EGRESS_CA` names. IPv6 addresses stand in brackets. Throws INVALID_SETTING with every fault at once.
 */
export function parseEgressSettings(env: {
  readonly allow?: string | undefined
  readonly resolve?: string | undefined
  readonly caFile?: string | undefined
}): EgressSettings {
  const faults: Fault[] = []
  const refuseAt =
    (pointer: string): Refuse =>
    (code, detail) => {
      faults.push({ pointer, code, detail })
      return undefined
    }
  const allow = entries(env.allow, (text, index) => allowEntry(text, refuseAt(`/EGRESS_ALLOW/${index}`)))
  const resolve = entries(env.resolve, (text, index) => resolveEntry(text, refuseAt(`/EGRESS_RESOLVE/${index}`)))
  const extraCa = env.caFile ? certificates(env.caFile, refuseAt('/EGRESS_CA')) : undefined
  if (faults.length > 0) throw new CodedError('INVALID_SETTING', 'The egress settings are not valid.', { faults })
  return { allow, resolve, ...(extraCa === undefined ? {} : { extraCa }) }
}

type Refuse = (code: string, detail: string) => undefined

function entries<T>(list: string | undefined, parse: (text: string, index: number) => T | undefined): T[] {
  const texts = (list ?? '').split(',').map((text) => text.trim())
  return texts.map((text, index) => (text === '' ? undefined : parse(text, index))).filter((entry) => entry !== undefined)
}

function allowEntry(text: string, refuse: Refuse): AllowEntry | undefined {
  const [, project, place = '', digits = ''] = /^(?:(proj_[0-9a-z]+)=)?(.+):(\d{1,5})$/.exec(text) ?? []
  const port = portOf(digits)
  if (port === undefined) return refuse('format', 'Write `host:port` or `network/bits:port`, with `proj_…=` before it for one project.')
  const scope = project === undefined ? { port } : { project, port }
  const network = networkIn(place)
  if (network === undefined) {
    const host = hostName(place)
    return host === undefined ? refuse('host', 'The host is neither a name nor an address nor a network.') : { ...scope, host }
  }
  if (neverListable(network)) return refuse('never', 'Link-local, metadata, multicast and unspecified addresses can never be listed.')
  return { ...scope, network }
}

function resolveEntry(text: string, refuse: Refuse): ResolveEntry | undefined {
  const [, from = '', fromDigits = '', to = '', toDigits = ''] = /^(.+):(\d{1,5})=(.+):(\d{1,5})$/.exec(text) ?? []
  const port = portOf(fromDigits)
  const toPort = portOf(toDigits)
  if (port === undefined || toPort === undefined) return refuse('format', 'Write `host:port=address:port`.')
  const host = hostName(from)
  if (host === undefined) return refuse('host', 'The host before `=` is not a name or an address.')
  if (parseIp(to) === undefined) return refuse('address', 'What stands after `=` must be an address, not a name.')
  return { host, port, address: to, toPort }
}

/** `10.0.0.0/8`, `10.1.2.3`, `[fd00::]/8`, `[fd00::/8]`; undefined when it is not written as an address. */
function networkIn(place: string): Network | undefined {
  const [, inner, digits] = /^\[?([^[\]/]+)\]?(?:\/(\d{1,3})\]?)?$/.exec(place) ?? []
  const address = inner === undefined ? undefined : parseIp(inner)
  if (address === undefined) return undefined
  const bits = digits === undefined ? address.length * 8 : Number(digits)
  return bits > address.length * 8 ? undefined : { address, bits }
}

/** The name as URLs spell it (lower case, punycode), so that it compares equal to the host of a request. */
function hostName(text: string): string | undefined {
  if (!/^(\[[0-9a-f:.]+\]|[^\s/\\@?#:[\]%*]+)$/i.test(text) || !URL.canParse(`https://${text}/`)) return undefined
  return new URL(`https://${text}/`).hostname
}

function portOf(digits: string): number | undefined {
  const port = Number(digits)
  return digits !== '' && port >= 1 && port <= 65_535 ? port : undefined
}

function certificates(file: string, refuse: Refuse): string | undefined {
  try {
    const pem = readFileSync(file, 'latin1')
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
    if (blocks === null) return refuse('format', 'The file holds no PEM certificate.')
    // The TLS library skips what it cannot parse: the operator would learn of it by failing calls.
    return blocks.map((block) => new X509Certificate(block).toString()).join('')
  } catch {
    return refuse('unreadable', 'The file cannot be read, or its certificates cannot be parsed.')
  }
}
