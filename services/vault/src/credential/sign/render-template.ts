import type { SignPart, SignTemplate } from '@credence/provider/sign'
import { secretConcat } from '@credence/secret'
import { encodeBytes } from '../encode-bytes.ts'
import type { SecretFields } from '../secret-fields.ts'
import { digestOf } from './hmac.ts'
import type { RequestDraft } from './request-draft.ts'

/** What templates of one signature are filled with: time and nonce are the same wherever they stand. */
export interface SignContext {
  readonly draft: RequestDraft
  readonly fields: SecretFields
  readonly timeMs: number
  readonly nonce: string
  /** What an HMAC gave, or the JWT. */
  readonly made?: Buffer
}

/** The pieces of a template, each wiped with the draft but for the body, which is not copied. */
export function renderPieces(template: SignTemplate, context: SignContext): readonly Uint8Array[] {
  return template.map((part) => {
    if ('literal' in part) return Buffer.from(part.literal)
    return 'field' in part ? (context.fields.get(part.field) ?? Buffer.alloc(0)) : renderPart(part, context)
  })
}

/** The bytes of a template, wiped with the draft. */
export function renderTemplate(template: SignTemplate, context: SignContext): Buffer {
  return context.draft.scratch(secretConcat(renderPieces(template, context)))
}

function renderPart({ part, of }: Extract<SignPart, { part: unknown }>, context: SignContext): Uint8Array {
  const { draft } = context
  switch (part) {
    case 'method':
      return Buffer.from(draft.method)
    case 'path':
      return Buffer.from(draft.path)
    case 'query':
      return draft.query()
    case 'target':
      return draft.target()
    case 'url':
      return draft.scratch(secretConcat([Buffer.from(`${draft.scheme}://${draft.host}`), draft.target()]))
    case 'host':
      return Buffer.from(draft.host)
    case 'timestamp':
      return Buffer.from(timeText(context.timeMs, of))
    case 'nonce':
      return Buffer.from(context.nonce)
    case 'body':
      return draft.body ?? Buffer.alloc(0)
    case 'body_sha256':
      return encodeBytes(digestOf('sha256', draft.body ?? Buffer.alloc(0)), of === 'base64' ? 'base64' : 'hex')
    case 'header':
      return draft.header(of ?? '') ?? Buffer.alloc(0)
    case 'signature':
    case 'token':
      return context.made ?? Buffer.alloc(0)
  }
}

function timeText(ms: number, form: string | undefined): string {
  switch (form) {
    case 'ms':
      return String(ms)
    case 'rfc3339':
      return new Date(ms).toISOString()
    case 'http':
      return new Date(ms).toUTCString()
    default:
      return String(Math.floor(ms / 1000))
  }
}
