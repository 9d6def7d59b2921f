import { CredenceSignatureError } from './signature-error.ts'
import { parseDictionary } from './structured-fields.ts'

/** A request as it came, in the parts that a signature can cover. */
export interface ReceivedCall {
  readonly method: string
  /** The host that was asked for, for a better word in a refusal. */
  readonly host: string
  /** Path and query as in the request line. */
  readonly target: string
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

const REQUIRED = ['@method', '@authority', '@path', '@query', 'content-digest', 'credence-on-behalf-of']
const TAG = 'credence-proxy'

/** A signature of the platform, as a call carries it. */
export interface CallSignature {
  readonly bytes: Uint8Array
  /** What `Signature-Input` says of it, as it came. */
  readonly text: string
  readonly components: readonly string[]
  readonly created: number
  readonly expires: number
  readonly keyId: string
  readonly nonce: string
}

/** The one signature that the platform made; others may stand beside it. */
export function signatureOf({ header }: ReceivedCall): CallSignature {
  const [inputs, signatures] = [header('signature-input'), header('signature')]
  if (inputs === undefined || signatures === undefined)
    throw new CredenceSignatureError('SIGNATURE_MISSING', 'The call carries no signature.')
  const [input, values] = [parseDictionary(inputs), parseDictionary(signatures)]
  if (input === undefined || values === undefined) throw malformed('The headers of the signature cannot be read.')
  const ours = [...input].filter(([, { parameters }]) => parameters.get('tag') === TAG)
  const [label, member] = ours[0] ?? []
  if (label === undefined || member === undefined)
    throw new CredenceSignatureError('SIGNATURE_MISSING', 'The call carries no signature of the platform.')
  if (ours.length > 1) throw malformed('There is more than one signature of the platform.')
  const { value, parameters, text } = member
  const bytes = values.get(label)?.value
  const [created, expires, keyId, nonce, alg] = ['created', 'expires', 'keyid', 'nonce', 'alg'].map((name) => parameters.get(name))
  // A component with parameters of its own (`;req`, `;key`) is none that the platform covers.
  const components = Array.isArray(value) ? value.map((item) => (item.parameters.size === 0 ? item.value : undefined)) : []
  const isNamed = (name: unknown): name is string => typeof name === 'string'
  if (!(bytes instanceof Uint8Array) || !components.every(isNamed) || typeof created !== 'number' || typeof expires !== 'number') {
    throw malformed('The signature lacks what it must have.')
  }
  if (typeof keyId !== 'string' || typeof nonce !== 'string' || nonce === '' || alg !== 'ed25519') {
    throw malformed('The signature lacks what it must have.')
  }
  const lacking = REQUIRED.find((name) => !components.includes(name))
  if (lacking !== undefined) throw malformed(`The signature does not cover \`${lacking}\`.`)
  return { bytes, text, components, created, expires, keyId, nonce }
}

/** RFC 9421 §2.5; undefined when the call lacks something that is covered. */
export function signatureBase(
  { method, target, header }: ReceivedCall,
  { components, text }: CallSignature,
  authority: string,
): string | undefined {
  const mark = target.indexOf('?')
  const derived: Readonly<Record<string, string>> = {
    '@method': method,
    '@authority': authority,
    '@path': mark < 0 ? target : target.slice(0, mark),
    '@query': mark < 0 ? '?' : target.slice(mark),
  }
  const lines = components.map((name) => {
    const value = name.startsWith('@') ? derived[name] : header(name)?.trim()
    return value === undefined ? undefined : `"${name}": ${value}`
  })
  return lines.includes(undefined) ? undefined : [...lines, `"@signature-params": ${text}`].join('\n')
}

export function malformed(detail: string): CredenceSignatureError {
  return new CredenceSignatureError('SIGNATURE_MALFORMED', detail)
}
