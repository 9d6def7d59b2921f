import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { CodedError } from '@credence/errors'
import { signCertificate } from './certificate.ts'
import type { Clock, Random } from './clock.ts'

export interface CertificateRequest {
  readonly commonName: string
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
  /** A service's identity for the allow table of rpcs: `spiffe://credence/<service>`. */
  readonly uris?: readonly string[]
  /** Default 365. */
  readonly days?: number
  /** What the certificate may be used for; default server only. */
  readonly client?: boolean
  readonly server?: boolean
}

/** Signs certificates for services of one installation, and for the TLS stand-ins of tests. EC P-256 throughout. */
export interface Authority {
  readonly certificatePem: string
  issue(request: CertificateRequest): { readonly certPem: string; readonly keyPem: string }
  /** Certificate and private key in one text: keep it like a key. */
  exportPem(): string
}

export interface AuthorityOptions {
  /** Gives serial numbers; the keys come from OpenSSL's own generator. */
  readonly random: Random
  readonly clock: Clock
  readonly name: string
  /** Takes up an authority that `exportPem` gave. */
  readonly pem?: string
  /** Keeps the authority as `ca.pem` (mode 0600) in this folder, and takes it up from there on the next start. */
  readonly folder?: string
}

const FILE = 'ca.pem'
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
/** Machines whose clocks differ a little accept a certificate that was made this moment. */
const SKEW_MS = 300_000
const SERIAL_BYTES = 16

/** An authority: new, or taken up from `pem` or `folder`. Throws KEY_MISMATCH when the stored certificate and key do not belong together. */
export function createAuthority(options: AuthorityOptions): Authority {
  const kept = options.pem ?? (options.folder === undefined ? undefined : readKept(options.folder))
  const { certificatePem, key } = kept === undefined ? newAuthority(options) : parseAuthority(kept)
  const exported = `${certificatePem}${pemOf(key)}`
  if (options.folder !== undefined && kept === undefined) keep(options.folder, exported)
  const issuerName = new X509Certificate(certificatePem).subject.replace(/^CN=/, '')
  return {
    certificatePem,
    exportPem: () => exported,
    issue(request) {
      const leafKey = newKey()
      const now = options.clock.now()
      const certPem = signCertificate({
        serial: options.random.bytes(SERIAL_BYTES),
        issuerName,
        subjectName: request.commonName,
        notBefore: now - SKEW_MS,
        notAfter: now + (request.days ?? 365) * DAY_MS,
        subjectKey: leafKey,
        issuerKey: key,
        leaf: {
          dnsNames: request.dnsNames ?? [],
          ipAddresses: request.ipAddresses ?? [],
          uris: request.uris ?? [],
          client: request.client ?? false,
          server: request.server ?? true,
        },
      })
      return { certPem, keyPem: pemOf(leafKey) }
    },
  }
}

function newAuthority({ random, clock, name }: AuthorityOptions): { certificatePem: string; key: KeyObject } {
  const key = newKey()
  const now = clock.now()
  const certificatePem = signCertificate({
    serial: random.bytes(SERIAL_BYTES),
    issuerName: name,
    subjectName: name,
    notBefore: now - SKEW_MS,
    notAfter: now + AUTHORITY_DAYS * DAY_MS,
    subjectKey: key,
    issuerKey: key,
  })
  return { certificatePem, key }
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function parseAuthority(pem: string): { certificatePem: string; key: KeyObject } {
  const certificatePem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/.exec(pem)?.[0]
  const keyPem = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/.exec(pem)?.[0]
  if (certificatePem === undefined || keyPem === undefined) {
    throw new CodedError('KEY_MISMATCH', `${FILE} does not hold a certificate and its key; restore it, or remove it to make a new one.`)
  }
  const key = createPrivateKey(keyPem)
  if (!new X509Certificate(certificatePem).checkPrivateKey(key)) {
    throw new CodedError('KEY_MISMATCH', `The certificate and the key of ${FILE} do not belong together.`)
  }
  return { certificatePem, key }
}

function readKept(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, FILE), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Renamed into place whole, so that a crash leaves either no authority or a complete one. */
function keep(folder: string, pem: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = join(folder, `${FILE}.new`)
  const handle = openSync(temporary, 'w', 0o600)
  writeSync(handle, pem)
  fsyncSync(handle)
  closeSync(handle)
  renameSync(temporary, join(folder, FILE))
}
