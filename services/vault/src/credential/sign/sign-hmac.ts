import type { SignHmac, SignOutput, SignTemplate } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { encodeBytes } from '../encode-bytes.ts'
import { hmac } from './hmac.ts'
import { symmetricKey } from './key-bytes.ts'
import { renderPieces, renderTemplate, type SignContext } from './render-template.ts'

/** An HMAC over a message that is made of the request; what does not hold the signature is on the request before. */
export function signHmac(sign: SignHmac, context: SignContext): void {
  const { draft } = context
  for (const { name } of sign.headers) draft.dropHeader(name)
  for (const { name } of sign.query) draft.dropParameter(name)
  place(sign, context, false)
  const digest = hmac(sign.hash, symmetricKey(sign.key, context), renderPieces(sign.message, context))
  const made = draft.scratch(encodeBytes(draft.scratch(digest), sign.encoding))
  draft.needle(made)
  place(sign, { ...context, made }, true)
}

function place({ headers, query }: Pick<SignHmac, 'headers' | 'query'>, context: SignContext, isSigned: boolean): void {
  for (const { name, value } of ofStage(query, isSigned)) context.draft.setParameter(name, renderTemplate(value, context))
  placeHeaders(ofStage(headers, isSigned), context)
}

/** The values are the request's from here on. */
export function placeHeaders(outputs: readonly SignOutput[], context: SignContext): void {
  for (const { name, value } of outputs) context.draft.setHeader(name, secretConcat(renderPieces(value, context)))
}

function ofStage(outputs: readonly SignOutput[], isSigned: boolean): readonly SignOutput[] {
  return outputs.filter(({ value }) => takesSignature(value) === isSigned)
}

function takesSignature(template: SignTemplate): boolean {
  return template.some((part) => 'part' in part && part.part === 'signature')
}
