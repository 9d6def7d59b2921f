import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

/** Parameters of this scope are read or refused: whoever misspells `validate_only` does not want to save. */
export function refuseUnknownParameters(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    const { querystring = z.object({}) } = route.schema ?? {}
    if (querystring instanceof z.ZodObject) route.schema = { ...route.schema, querystring: querystring.strict() }
  })
}
