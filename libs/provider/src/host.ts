/** Names under which clouds serve machine credentials: never a provider, whoever writes them and whatever they resolve to. */
const METADATA_HOSTS: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'metadata.packet.net',
  'instance-data',
  'instance-data.ec2.internal',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
])

const NAME = /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/
const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const DOTTED = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`)

/**
 * Why `host` cannot be called, or undefined when it can: a plain name, or an IPv4 address in its one plain form. Other
 * spellings of an address (decimal, octal, hex, short) are refused, because readers disagree about what they mean. Where a
 * name or a private address leads is for egress to check.
 */
export function hostProblem(host: string): string | undefined {
  if (host === '') return 'Write the host name; it is empty.'
  const lower = host.toLowerCase()
  if (/[^\u0000-\u007f]/.test(lower)) return 'Write the host name in ASCII; an international name begins with `xn--` in that form.'
  if (lower.endsWith('.')) return 'Write the host name without a dot at its end.'
  if (!NAME.test(lower) || lower.length > 253) {
    return 'Write the host name alone, like `acme.example.com`: no `https://`, path, port, user or brackets.'
  }
  if (lower.split('.').some((label) => label.startsWith('-') || label.endsWith('-'))) {
    return 'Write a host name whose parts neither begin nor end with a hyphen.'
  }
  if (isNumeric(lower) && !DOTTED.test(lower)) return 'Write the address as four decimal numbers with dots, or the host name.'
  if (isMetadata(lower)) return 'Write the host of the API; metadata and link-local addresses are never called.'
  if (!isCanonical(lower)) return 'Write a host name that exists in the DNS; this form is not a valid one.'
  return undefined
}

/** The last label decides whether URL parsers read a host as an address (WHATWG URL, "ends in a number"). */
function isNumeric(host: string): boolean {
  const last = host.slice(host.lastIndexOf('.') + 1)
  return /^[0-9]+$/.test(last) || /^0x[0-9a-f]*$/.test(last)
}

function isMetadata(host: string): boolean {
  return METADATA_HOSTS.has(host) || (host.startsWith('169.254.') && DOTTED.test(host))
}

/** Catches what the pattern cannot see, such as broken Punycode. */
function isCanonical(host: string): boolean {
  return URL.canParse(`https://${host}/`) && new URL(`https://${host}/`).hostname === host
}

/** True for a host that may be called without TLS: this machine, or an address that no public network routes. */
export function isLocalLiteral(host: string): boolean {
  if (host === 'localhost' || host === '[::1]') return true
  if (!DOTTED.test(host)) return false
  const [a = 0, b = 0] = host.split('.').map(Number)
  return a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168) || (a === 100 && b >= 64 && b < 128)
}
