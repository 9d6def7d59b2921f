import { CodedError, isCoded, type Problem, problemOf } from '@credence/errors'
import type { Logger } from '@credence/service'
import type { FastifyError } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { faultsOf } from './schema-fault.ts'

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
  // No id of ours is that long.
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new CodedError('NOT_FOUND')
  if (code === 'FST_ERR_BAD_URL') return unreadable('INVALID_URL', 'Write the path in percent-encoded UTF-8 (RFC 3986).')
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || statusCode === 413) return new CodedError('REQUEST_TOO_LARGE')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return unreadable('INVALID_CONTENT_TYPE', 'Send `Content-Type: application/json`.')
  if (statusCode === 400) return unreadable('INVALID_JSON', 'Write one JSON value (RFC 8259) in UTF-8.')
  return undefined
}

function unreadable(code: string, detail: string): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults: [{ pointer: '', code, detail }] })
}
