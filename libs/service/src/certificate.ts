import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'
import { bits, integer, octets, oid, sequence, setOf, time, tlv, truth, utf8 } from './der.ts'

/** A certificate before it is signed (RFC 5280 §4.1), in the few forms that this product needs: EC keys, SHA-256. */
export interface CertificateContent {
  readonly serial: Uint8Array
  readonly issuerName: string
  readonly subjectName: string
  readonly notBefore: number
  readonly notAfter: number
  readonly subjectKey: KeyObject
  readonly issuerKey: KeyObject
  /** Undefined makes an authority that may sign leaves only. */
  readonly leaf?: {
    readonly dnsNames: readonly string[]
    readonly ipAddresses: readonly string[]
    readonly uris: readonly string[]
    readonly client: boolean
    readonly server: boolean
  }
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const VERSION_3 = tlv(0xa0, integer(Buffer.of(2)))

/** The signed certificate as PEM. */
export function signCertificate(content: CertificateContent): string {
  const toBeSigned = sequence(
    VERSION_3,
    integer(content.serial),
    ECDSA_WITH_SHA256,
    commonName(content.issuerName),
    sequence(time(content.notBefore), time(content.notAfter)),
    commonName(content.subjectName),
    spkiOf(content.subjectKey),
    tlv(0xa3, sequence(...extensionsOf(content))),
  )
  const signature = sign('sha256', toBeSigned, content.issuerKey)
  const der = sequence(toBeSigned, ECDSA_WITH_SHA256, bits(signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function spkiOf(key: KeyObject): Buffer {
  return createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ type: 'spki', format: 'der' })
}

/** RFC 7093 §2: any hash of the key may be its identifier, cut to 160 bits. */
function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256').update(spkiOf(key)).digest().subarray(0, 20)
}

function commonName(name: string): Buffer {
  return sequence(setOf(sequence(oid('2.5.4.3'), utf8(name))))
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return critical ? sequence(oid(id), truth(), octets(value)) : sequence(oid(id), octets(value))
}

function extensionsOf({ leaf, subjectKey, issuerKey }: CertificateContent): Buffer[] {
  const identity = [extension('2.5.29.14', octets(keyIdOf(subjectKey))), extension('2.5.29.35', sequence(tlv(0x80, keyIdOf(issuerKey))))]
  if (leaf === undefined) {
    const keyCertSignAndCrlSign = bits(Buffer.of(0b0000_0110), 1)
    const authorityOfLeaves = sequence(truth(), integer(Buffer.of(0)))
    return [extension('2.5.29.19', authorityOfLeaves, true), extension('2.5.29.15', keyCertSignAndCrlSign, true), ...identity]
  }
  const purposes = [...(leaf.server ? [oid('1.3.6.1.5.5.7.3.1')] : []), ...(leaf.client ? [oid('1.3.6.1.5.5.7.3.2')] : [])]
  const names = [
    ...leaf.dnsNames.map((name) => tlv(0x82, Buffer.from(name, 'ascii'))),
    ...leaf.uris.map((uri) => tlv(0x86, Buffer.from(uri, 'ascii'))),
    ...leaf.ipAddresses.map((address) => tlv(0x87, addressBytes(address))),
  ]
  const digitalSignature = bits(Buffer.of(0b1000_0000), 7)
  return [
    extension('2.5.29.19', sequence(), true),
    extension('2.5.29.15', digitalSignature, true),
    extension('2.5.29.37', sequence(...purposes)),
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names))] : []),
    ...identity,
  ]
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 0) throw new TypeError('an IP address is needed here')
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  // The URL parser gives the one short form of an IPv6 address, with embedded IPv4 as hex groups.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const head = left === '' ? [] : left.split(':')
  const tail = right === undefined || right === '' ? [] : right.split(':')
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
