import type { IncomingMessage, ServerResponse } from 'node:http'
import { CodedError, isCoded, PROBLEM_TYPE } from '@credence/errors'
import { callAs } from '@credence/rpc'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, FastifySchema, RawServerDefault, RouteShorthandOptions } from 'fastify'
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { callerOf } from '../caller.ts'
import { asCoded } from '../problem.ts'
import { problem } from './schemas.ts'

/** The API's scope: schemas are zod's, and handlers are typed by them. */
export type RestScope = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

const REFUSAL = { description: 'What was refused, and what to do', content: { [PROBLEM_TYPE]: { schema: problem } } }

/** The answers of a route: its own, and problems for everything else. A route that can also only try answers 200 then. */
export function answers(status: number | readonly number[], schema: z.ZodType): Record<string, unknown> {
  return { ...Object.fromEntries([status].flat().map((each) => [each, schema])), default: REFUSAL }
}

/** The same of a route whose answer is a file or a stream, as one of these types. */
export function streams(types: readonly string[], description: string): Record<string, unknown> {
  const content = Object.fromEntries(types.map((type) => [type.split(';')[0], { schema: z.string() }]))
  return { 200: { description, content }, default: REFUSAL }
}

export const NOTHING: z.ZodType = z.null().describe('No content')

/** A page of a list. */
export function pageOf(member: string, item: z.ZodType): z.ZodType {
  return z.object({ [member]: z.array(item), next_page_token: z.string().optional() })
}

/** The parameters of every list. */
export const PAGE_QUERY: { readonly page_size: z.ZodOptional<z.ZodCoercedNumber>; readonly page_token: z.ZodOptional<z.ZodString> } = {
  page_size: z.coerce.number().int().min(1).max(200).optional(),
  page_token: z.string().max(2000).optional(),
}

export function pageRequest(query: { readonly page_size?: number | undefined; readonly page_token?: string | undefined }): {
  pageSize: number
  pageToken: string
} {
  return { pageSize: query.page_size ?? 0, pageToken: query.page_token ?? '' }
}

/** Call options of the request's caller, ended when the listener stops. */
export function as(request: FastifyRequest): ReturnType<typeof callAs> {
  return callAs(callerOf(request))
}

/** For bodies that stay bytes: the schema describes them in the OpenAPI document, and the handler reads them itself. */
export function describedBody(schema: FastifySchema): RouteShorthandOptions {
  return {
    schema,
    validatorCompiler: (part) => (part.httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler(part as never)),
  }
}

/** Checks what a schema could not be put before. Throws INVALID_REQUEST with every fault at once. */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const check = validatorCompiler({ schema } as never)(value) as { value?: z.output<S>; error?: unknown }
  if (check.error === undefined) return check.value as z.output<S>
  throw asCoded({ validation: check.error }) ?? new CodedError('INVALID_REQUEST')
}

/** For `catch`: the pointers of a refusal lead into what REST was sent, where the service has another name for a member. */
export function namedAs(names: Readonly<Record<string, string>>): (error: unknown) => never {
  return (error) => {
    if (!isCoded(error) || error.details.faults === undefined) throw error
    const faults = error.details.faults.map((fault) => ({ ...fault, pointer: names[fault.pointer] ?? fault.pointer }))
    throw new CodedError(error.code, error.message, { ...error.details, faults })
  }
}
