import { type IpBytes, parseIp, samePrefix } from './ip-address.ts'

/**
 * `public`: anybody may be sent there. `private`: only where the operator listed it. `never`: link-local, metadata
 * services, multicast, broadcast, unspecified; no list opens them.
 */
export type AddressClass = 'public' | 'private' | 'never'

/** A network as its address and the number of bits that count. */
export interface Network {
  readonly address: IpBytes
  readonly bits: number
}

/** IANA special-purpose registries (RFC 6890), and the addresses at which cloud providers serve machine credentials. */
const NEVER: readonly Network[] = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '100.100.100.200/32', // Alibaba Cloud
  '168.63.129.16/32', // Azure, a public address
  '192.0.0.192/32', // Oracle Cloud
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::/32', // AWS
  'fd20:ce::/64', // Google Cloud
].map(networkOf)

const PRIVATE: readonly Network[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
].map(networkOf)

/** Of IPv6 only this much leads to the internet; the rest (unique-local, site-local, NAT64 for local use, …) is nobody's there. */
const GLOBAL_V6: readonly Network[] = ['2000::/3', '64:ff9b::/96'].map(networkOf)

/** Where an IPv6 address carries an IPv4 address that a translator or tunnel will send to: the first byte of it. */
const CARRIERS: readonly { readonly network: Network; readonly at: number; readonly inverted?: boolean }[] = [
  { network: networkOf('::/96'), at: 12 }, // IPv4-compatible
  { network: networkOf('::ffff:0:0:0/96'), at: 12 }, // SIIT, RFC 2765
  { network: networkOf('64:ff9b::/96'), at: 12 }, // NAT64, RFC 6052
  { network: networkOf('64:ff9b:1::/48'), at: 12 }, // NAT64 for local use, RFC 8215
  { network: networkOf('2002::/16'), at: 2 }, // 6to4, RFC 3056
  { network: networkOf('2001::/32'), at: 12, inverted: true }, // Teredo, RFC 4380 §4
]

export function networkOf(text: string): Network {
  const [address = '', bits = ''] = text.split('/')
  const bytes = parseIp(address)
  if (bytes === undefined) throw new TypeError('not a network')
  return { address: bytes, bits: bits === '' ? bytes.length * 8 : Number(bits) }
}

export function within(address: IpBytes, network: Network): boolean {
  return samePrefix(address, network.address, network.bits)
}

/** True when every address of the network is of the class `never`: listing it could only be a mistake. */
export function neverListable(network: Network): boolean {
  const inside = NEVER.some((never) => never.bits <= network.bits && within(network.address, never))
  return inside || (network.bits === network.address.length * 8 && classifyIp(network.address) === 'never')
}

/** The class of an address; of one that carries another, the stricter of both. */
export function classifyIp(address: IpBytes): AddressClass {
  const classes = [ownClass(address)]
  const carried = carriedIp(address)
  if (carried !== undefined) classes.push(classifyIp(carried))
  return classes.includes('never') ? 'never' : classes.includes('private') ? 'private' : 'public'
}

function ownClass(address: IpBytes): AddressClass {
  if (NEVER.some((network) => within(address, network))) return 'never'
  if (PRIVATE.some((network) => within(address, network))) return 'private'
  return address.length === 4 || GLOBAL_V6.some((network) => within(address, network)) ? 'public' : 'private'
}

/** The class of a textual address in any form (`0x7f.1`, `[::1]`, …); undefined when the text is a name. */
export function addressClass(text: string): AddressClass | undefined {
  const bytes = parseIp(text)
  return bytes === undefined ? undefined : classifyIp(bytes)
}

function carriedIp(address: IpBytes): IpBytes | undefined {
  if (address.length === 4) return undefined
  const loopback = address.subarray(0, 15).every((byte) => byte === 0) && address[15] === 1
  const carrier = CARRIERS.find(({ network }) => within(address, network))
  if (loopback || carrier === undefined) return isatapIp(address)
  const bytes = address.slice(carrier.at, carrier.at + 4)
  return carrier.inverted ? bytes.map((byte) => byte ^ 255) : bytes
}

/** ISATAP (RFC 5214 §6.1): interface ids `0:5efe:a.b.c.d` and `200:5efe:a.b.c.d` under any prefix. */
function isatapIp(address: IpBytes): IpBytes | undefined {
  const isatap = ((address[8] ?? 0) & 0xfd) === 0 && address[9] === 0 && address[10] === 0x5e && address[11] === 0xfe
  return isatap ? address.slice(12) : undefined
}
