import type { Clock, Random } from '@credence/service'
import type { InjectedRequest } from '../credential/inject.ts'
import { RequestDraft } from '../credential/sign/request-draft.ts'
import { attach, contentDigest, signatureBase, signatureParameters } from '../credential/sign/sign-http-message.ts'
import type { SigningKeys } from './signing-keys.ts'

/** For whom a call to the team's own backend is made. */
export interface OnBehalfOf {
  /** `usr_…`; empty where the call is for nobody in particular. */
  readonly user: string
  /** As the caller said them: `id:…`, `email:…`. */
  readonly names: readonly string[]
  /** `cap_…` */
  readonly capability: string
  readonly traceId: string
}

/** What signing takes of the vault. */
export interface OnBehalfSigner {
  readonly signingKeys: SigningKeys
  readonly clock: Clock
  readonly random: Random
}

export interface OnBehalfCall {
  readonly project: string
  readonly method: string
  /** Whole: the signature covers it. */
  readonly body: Uint8Array | undefined
  readonly claim: OnBehalfOf
}

/** Beside `created`; a call that waits for a connection still arrives in time. */
const LIFE_SECONDS = 120
const NONCE_BYTES = 16
const LABEL = 'credence'
/** Says to a verifier which signature of a message is ours, and what it is for (RFC 9421 §2.3). */
const TAG = 'credence-proxy'
const COMPONENTS = ['@method', '@authority', '@path', '@query', 'content-digest', 'credence-on-behalf-of']

/**
 * Signs a call to the team's own backend as the platform: who it is for stands in `Credence-On-Behalf-Of`, and an HTTP
 * message signature (RFC 9421) under the project's key of the purpose `proxy` covers it with method, address and body. Takes
 * the request over, as `signRequest` does; time and nonce are new each time.
 */
export async function signOnBehalfOf(
  vault: OnBehalfSigner,
  request: InjectedRequest,
  { project, method, body, claim }: OnBehalfCall,
): Promise<InjectedRequest> {
  try {
    const { clock, random } = vault
    using draft = new RequestDraft(request, { method, body, random })
    draft.setHeader('Content-Digest', contentDigest('sha-256', body))
    draft.setHeader('Credence-On-Behalf-Of', Buffer.from(onBehalfOf(project, claim)))
    const created = Math.floor(clock.now() / 1000)
    const nonce = Buffer.from(Buffer.from(random.bytes(NONCE_BYTES)).toString('hex'))
    const parametersFor = (kid: string): Buffer =>
      signatureParameters(
        COMPONENTS,
        { created, expires: created + LIFE_SECONDS, keyid: Buffer.from(kid), nonce, alg: Buffer.from('ed25519'), tag: Buffer.from(TAG) },
        draft,
      )
    let parameters = Buffer.alloc(0)
    const { signature } = await vault.signingKeys.sign(project, 'proxy', (kid) => {
      parameters = Buffer.from(parametersFor(kid))
      return signatureBase(draft, COMPONENTS, parameters)
    })
    attach(draft, { label: LABEL, parameters, signature })
    return draft.finish()
  } catch (error) {
    request[Symbol.dispose]()
    throw error
  }
}

/** A dictionary of RFC 9651 §3.2; absent members are left out. */
function onBehalfOf(project: string, { user, names, capability, traceId }: OnBehalfOf): string {
  const members = { user, names: names.length === 0 ? '' : names, capability, project, trace: traceId }
  return Object.entries(members)
    .flatMap(([name, value]) => {
      if (value === '') return []
      return typeof value === 'string' ? [`${name}=${structuredText(value)}`] : [`${name}=(${value.map(structuredText).join(' ')})`]
    })
    .join(', ')
}

/** A string where it is plain ASCII (RFC 9651 §3.3.3), else a display string (§3.3.8). */
function structuredText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  const encoded = [...Buffer.from(text)].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x25 ? `%${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte),
  )
  return `%"${encoded.join('')}"`
}
