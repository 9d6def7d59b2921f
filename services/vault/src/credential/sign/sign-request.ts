import { fieldsOfSign, type RecipeSign } from '@credence/provider/sign'
import type { Random } from '@credence/service'
import type { InjectedRequest } from '../inject.ts'
import type { SecretFields } from '../secret-fields.ts'
import type { SignContext } from './render-template.ts'
import { RequestDraft } from './request-draft.ts'
import { signHmac } from './sign-hmac.ts'
import { signHttpMessage } from './sign-http-message.ts'
import { signJwt } from './sign-jwt.ts'
import { signSigV4 } from './sign-sigv4.ts'

export interface SignOptions {
  readonly method: string
  /** Whole where `needsBody` says so. */
  readonly body: Uint8Array | undefined
  readonly fields: SecretFields
  readonly plain: Readonly<Record<string, string>>
  /** Wall clock, milliseconds. */
  readonly now: number
  readonly random: Random
}

const NONCE_BYTES = 16

/**
 * Signs a request whose secrets are placed, as the last thing before it leaves: time and nonce are drawn anew each time, and
 * keys, derived keys and messages are wiped before the answer. What is put on the request replaces what the caller sent.
 * Takes the request over: what comes back wipes both. Throws FIELD_REFUSED for a key that cannot sign.
 */
export function signRequest(request: InjectedRequest, sign: RecipeSign, options: SignOptions): InjectedRequest {
  try {
    using draft = new RequestDraft(request, options)
    const nonce = Buffer.from(options.random.bytes(NONCE_BYTES)).toString('hex')
    for (const name of fieldsOfSign(sign)) {
      const value = options.fields.get(name)
      if (value !== undefined && !Object.hasOwn(options.plain, name)) draft.needle(value)
    }
    signDraft(sign, { draft, fields: options.fields, timeMs: options.now, nonce })
    return draft.finish()
  } catch (error) {
    request[Symbol.dispose]()
    throw error
  }
}

function signDraft(sign: RecipeSign, context: SignContext): void {
  if (sign.kind === 'hmac') signHmac(sign, context)
  else if (sign.kind === 'aws_sigv4') signSigV4(sign, context)
  else if (sign.kind === 'jwt') signJwt(sign, context)
  else signHttpMessage(sign, context)
}
