import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Intake, intakeForm, intakeJson } from '../intake/intake.ts'
import { MAX_SECRET_BODY_BYTES, readBody } from '../intake/read-body.ts'

const TYPES = ['application/x-www-form-urlencoded', 'application/json']

/** What pages post, as forms or as JSON of the same names, is kept as bytes: whether it carries a secret is known after it was read. */
export function acceptForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(TYPES, async (request: FastifyRequest, payload: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const declared = request.headers['content-length']
    return readBody(payload, declared === undefined ? undefined : Number(declared), MAX_SECRET_BODY_BYTES)
  })
}

/** The form of a request; its bytes are wiped. To be disposed by the caller. */
export function formOf(request: FastifyRequest): Intake {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
  try {
    const isJson = request.headers['content-type']?.startsWith('application/json') === true
    return isJson ? intakeJson(body, { object: 'fields' }) : intakeForm(body)
  } finally {
    body.fill(0)
  }
}

/** The one value of an input; the first where several were sent. */
export function inputOf(form: Pick<Intake, 'beside'>, name: string): string | undefined {
  const value = form.beside[name]
  const [one] = Array.isArray(value) ? value : [value]
  return typeof one === 'string' ? one : undefined
}
