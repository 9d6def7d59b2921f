import { lookup } from 'node:dns/promises'
import { CodedError } from '@credence/errors'
import { classifyIp, within } from './address-class.ts'
import { type IpBytes, ipText, parseIp } from './ip-address.ts'
import type { EgressSettings } from './settings.ts'

/** Every address of a name, as text. The default asks the system (`getaddrinfo`). */
export type Resolver = (host: string) => Promise<readonly string[]>

export const systemResolver: Resolver = async (host) => (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)

/** Where a call wants to go, as its URL says. */
export interface Destination {
  readonly project: string
  /** As in a URL; IPv6 without brackets. */
  readonly host: string
  readonly port: number
  readonly secure: boolean
}

/** An address that was checked, to connect to as it is. */
export interface CheckedAddress {
  readonly address: string
  readonly port: number
}

/**
 * A1 The name is resolved once; what was checked is what is connected to.
 * A2 One answer that may not be called refuses them all: a name that mixes public and private answers is rebinding.
 * A3 The operator's list opens private addresses only, never those of the class `never`.
 * A4 Without TLS only listed addresses are called.
 * Throws ADDRESS_REFUSED, or UPSTREAM_UNREACHABLE with the cause `dns`.
 */
export async function checkedAddresses(to: Destination, settings: EgressSettings, resolver: Resolver): Promise<CheckedAddress[]> {
  const mapped = settings.resolve.find((entry) => entry.host.replace(/^\[|\]$/g, '') === to.host && entry.port === to.port)
  const texts = mapped ? [mapped.address] : parseIp(to.host) === undefined ? await resolve(to.host, resolver) : [to.host]
  const port = mapped?.toPort ?? to.port
  const names = mapped === undefined ? [to.host] : []
  return texts.map((text) => {
    const address = parseIp(text)
    if (address === undefined) throw refused('unreadable')
    const kind = classifyIp(address)
    if (kind === 'never') throw refused(kind)
    const listed = isListed(settings, { project: to.project, names, address, port })
    if (kind === 'private' && !listed) throw refused(kind)
    if (!to.secure && !listed) throw refused('insecure')
    return { address: ipText(address), port }
  })
}

interface Place {
  readonly project: string
  readonly names: readonly string[]
  readonly address: IpBytes
  readonly port: number
}

function isListed(settings: EgressSettings, place: Place): boolean {
  return settings.allow.some((entry) => {
    if (entry.port !== place.port || (entry.project !== undefined && entry.project !== place.project)) return false
    if (entry.network !== undefined) return within(place.address, entry.network)
    return entry.host !== undefined && place.names.includes(entry.host)
  })
}

async function resolve(host: string, resolver: Resolver): Promise<readonly string[]> {
  const failure = new CodedError('UPSTREAM_UNREACHABLE', 'The name of the host could not be resolved.', { facts: { cause: 'dns' } })
  try {
    const answers = await resolver(host)
    if (answers.length > 0) return answers
  } catch {
    throw failure
  }
  throw failure
}

function refused(why: 'private' | 'never' | 'insecure' | 'unreadable'): CodedError {
  const detail = why === 'insecure' ? 'Without TLS only addresses that the operator listed in EGRESS_ALLOW are called.' : undefined
  return new CodedError('ADDRESS_REFUSED', detail, { facts: { cause: why } })
}
