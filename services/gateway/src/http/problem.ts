import { CodedError, type Fault, isCoded, type Problem, problemOf } from '@credence/errors'
import type { Logger } from '@credence/service'
import type { FastifyError } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

/** The answer for an error. Whatever is not coded is INTERNAL with an incident id, and its text stays here. */
export function problemFor(error: unknown, context: { readonly log: Logger; readonly traceId?: string | undefined }): Problem {
  const coded = asCoded(error)
  const { incident = '' } = context.log.failure('http.failed', coded ?? error)
  return problemOf(coded ?? new CodedError('INTERNAL', undefined, { facts: { incident } }), { traceId: context.traceId })
}

/** The coded error that an error of the framework stands for. */
export function asCoded(error: unknown): CodedError | undefined {
  if (isCoded(error)) return error
  if (hasZodFastifySchemaValidationErrors(error))
    return new CodedError('INVALID_REQUEST', undefined, { faults: error.validation.flatMap(faultsOf) })
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) return new CodedError('REQUEST_TOO_LARGE')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return unreadable('INVALID_CONTENT_TYPE', 'Send `Content-Type: application/json`.')
  if (statusCode === 400) return unreadable('INVALID_JSON', 'Write one JSON value (RFC 8259) in UTF-8.')
  return undefined
}

function unreadable(code: string, detail: string): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '', code, detail }] })
}

/** Fault codes by the word of the validator. */
const CODES: Readonly<Record<string, string>> = {
  invalid_type: 'INVALID_TYPE',
  unrecognized_keys: 'UNKNOWN_MEMBER',
  invalid_value: 'NOT_ALLOWED',
  too_big: 'TOO_LARGE',
  too_small: 'TOO_SMALL',
  invalid_format: 'INVALID_FORMAT',
}

interface SchemaFault {
  readonly keyword: string
  readonly instancePath: string
  readonly message?: string
  readonly params: Record<string, unknown>
}

/** The validator's messages name types and allowed values, never the value that was sent. */
function faultsOf({ keyword, instancePath, message = '', params }: SchemaFault): Fault[] {
  const pointer = instancePath === '/' ? '' : instancePath
  if (keyword === 'unrecognized_keys' && Array.isArray(params.keys)) {
    return params.keys.map((key) => ({
      pointer: `${pointer}/${key}`,
      code: 'UNKNOWN_MEMBER',
      detail: 'Remove it; there is no such member.',
    }))
  }
  const missing = keyword === 'invalid_type' && message.endsWith('received undefined')
  return [{ pointer, code: missing ? 'MISSING' : (CODES[keyword] ?? 'INVALID'), detail: message }]
}
