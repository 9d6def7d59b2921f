import { z } from 'zod'
import { connectSetup } from '../../connect/connect-setup.ts'
import type { Gateway } from '../../gateway.ts'
import { intakeJson } from '../../intake/intake.ts'
import { present } from '../../services.ts'
import { callerOf, requestIdOf } from '../caller.ts'
import { bodyBytes, keepBytes } from './body-bytes.ts'
import { answers, as, describedBody, parsed, type RestScope } from './route.ts'
import { credential, credentialJson } from './schemas.ts'
import { setup, setupJson } from './setup-schema.ts'

const tags = ['setups']
const params = z.object({ id: z.string() })
const proof = z.strictObject({
  expires_at: z.iso.datetime({ offset: true }).optional().describe('When the secret ends by its own statement'),
  allow_unverified: z.boolean().optional().describe('Keep it although the provider could not be asked'),
})
const fields = z.record(z.string(), z.string()).describe('Values by field name. Sealed by the vault and never given back.')

/** Steps of a setup whose bodies stay bytes: a payload by hand, and the one step that takes secrets. */
export function serveSetupBytes(app: RestScope, { flow }: Gateway): void {
  keepBytes(app)
  app.put('/v1/setups/:id/payload', {
    ...describedBody({
      tags,
      summary: 'Take a payload written by hand instead of what was found',
      params,
      body: z.record(z.string(), z.unknown()).describe('The provider payload. Its JSON Schema is at /provider.schema.json.'),
      response: answers(200, setup),
    }),
    handler: async (request) => {
      const { id: setupId } = request.params as { id: string }
      const answer = await flow.services.setups.reviseSetup({ setupId, service: '', payloadJson: bodyBytes(request) }, as(request))
      return setupJson(present(answer.setup, 'setup'))
    },
  })
  app.post('/v1/setups/:id/secret', {
    ...describedBody({
      tags,
      summary: 'Connect with values at hand; the only step of a setup that takes a secret',
      params,
      body: proof.extend({ fields }),
      response: answers(201, credential),
    }),
    handler: async (request, reply) => {
      const { id: setupId } = request.params as { id: string }
      const body = bodyBytes(request)
      try {
        using intake = intakeJson(body, { object: 'fields' })
        const { expires_at, allow_unverified: allowUnverified = false } = parsed(proof, intake.beside)
        const connected = await connectSetup(flow, callerOf(request), {
          setupId,
          intake,
          allowUnverified,
          requestId: requestIdOf(request),
          expiresAt: expires_at === undefined ? undefined : new Date(expires_at),
        })
        return reply.status(201).send(credentialJson(connected))
      } finally {
        body.fill(0)
      }
    },
  })
}
