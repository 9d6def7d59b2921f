/** An address as its bytes in network order: 4 of them, or 16. */
export type IpBytes = Uint8Array

/**
 * The bytes that a textual address stands for in any form that some resolver or socket library accepts: `127.0.0.1`,
 * `2130706433`, `0x7f.1`, `0177.0.0.1` (inet_aton), IPv6 with or without brackets, zone and dotted tail. An IPv4-mapped
 * address (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2) gives the four bytes, since the kernel connects to those. Undefined
 * when the text is no address.
 */
export function parseIp(text: string): IpBytes | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  if (!bare.includes(':')) return parseIpv4(bare)
  const bytes = parseIpv6(bare.replace(/%.*$/, ''))
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(12) : bytes
}

/** One spelling per address, fit for `net.connect`. */
export function ipText(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16))
  return groups.join(':')
}

/** True when the first `bits` bits of both are equal; an IPv4 and an IPv6 address never are. */
export function samePrefix(a: IpBytes, b: IpBytes, bits: number): boolean {
  if (a.length !== b.length) return false
  for (let bit = 0; bit < bits; bit += 8) {
    const shift = Math.max(0, 8 - (bits - bit))
    if ((a[bit >> 3] ?? 0) >> shift !== (b[bit >> 3] ?? 0) >> shift) return false
  }
  return true
}

/** inet_aton: one to four numbers, each decimal, octal with `0` or hex with `0x`; the last one fills the bytes that are left. */
function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.replace(/\.$/, '').split('.')
  if (parts.length > 4 || parts.some((part) => !/^(0x[0-9a-f]*|[0-9]+)$/i.test(part))) return undefined
  const numbers = parts.map((part) => {
    if (/^0x/i.test(part)) return part.length === 2 ? 0 : Number(part)
    return Number.parseInt(part, /^0[0-7]+$/.test(part) ? 8 : 10)
  })
  const last = numbers.pop() ?? 0
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined
  const bytes = new Uint8Array(4)
  bytes.set(numbers)
  for (let i = 3, rest = last; i >= numbers.length; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}

function parseIpv6(text: string): IpBytes | undefined {
  const dotted = /^(.*:)([^:]*\..*)$/.exec(text)
  if (dotted !== null) {
    const tail = parseDotted(dotted[2] ?? '')
    if (tail === undefined) return undefined
    const hex = [0, 2].map((i) => (((tail[i] ?? 0) << 8) | (tail[i + 1] ?? 0)).toString(16))
    return parseIpv6(`${dotted[1]}${hex.join(':')}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...left, ...Array<string>(missing).fill('0'), ...right]
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]))
}

function parseDotted(text: string): IpBytes | undefined {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(text) ? parseIpv4(text) : undefined
}

function isMapped(bytes: IpBytes): boolean {
  return bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
}
