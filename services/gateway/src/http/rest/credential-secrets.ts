import { isId } from '@credence/credential'
import { z } from 'zod'
import { connectDirectly } from '../../connect/connect-directly.ts'
import { requireScope } from '../../connect/create-session.ts'
import type { Gateway } from '../../gateway.ts'
import { intakeJson } from '../../intake/intake.ts'
import { present } from '../../services.ts'
import { callerOf, requestIdOf } from '../caller.ts'
import { bodyBytes, keepBytes } from './body-bytes.ts'
import { answers, as, describedBody, parsed, type RestScope } from './route.ts'
import { credential, credentialJson } from './schemas.ts'

const proof = {
  expires_at: z.iso.datetime({ offset: true }).optional().describe('When the secret ends by its own statement'),
  allow_unverified: z.boolean().optional().describe('Keep it although the provider could not be asked'),
}
const creation = z.strictObject({
  provider_id: z.string().refine((id) => isId('prov', id), 'Name the provider by its id, `prov_…`.'),
  pattern: z.number().int().min(0).optional().describe('Index in `auth_patterns`; 0 unless given'),
  label: z.string().max(200).optional(),
  level: z.enum(['user', 'project']).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  ...proof,
})
const replacement = z.strictObject({ ...proof, confirm_account_change: z.boolean().optional() })
const fields = z.record(z.string(), z.string()).describe('Values by field name. Sealed by the vault and never given back.')

/** Requests with secret values: they are bytes until the vault has them. */
export function serveCredentialSecrets(app: RestScope, { flow }: Gateway): void {
  keepBytes(app)
  app.post('/v1/credentials', {
    ...describedBody({
      tags: ['credentials'],
      summary: 'Connect a credential with values at hand: sealed, verified and connected in one call',
      body: creation.extend({ fields }),
      response: answers(201, credential),
    }),
    handler: async (request, reply) => {
      const body = bodyBytes(request)
      try {
        using intake = intakeJson(body, { object: 'fields' })
        const wanted = parsed(creation, intake.beside)
        const principal = callerOf(request)
        requireScope(principal, 'credentials.write')
        const connected = await connectDirectly(flow, principal, {
          intake,
          providerId: wanted.provider_id,
          credentialId: '',
          pattern: wanted.pattern ?? 0,
          label: wanted.label ?? '',
          level: wanted.level ?? '',
          tags: wanted.tags ?? {},
          requestId: requestIdOf(request),
          expiresAt: wanted.expires_at === undefined ? undefined : new Date(wanted.expires_at),
          allowUnverified: wanted.allow_unverified ?? false,
          confirmAccountChange: false,
        })
        return reply.status(201).send(credentialJson(connected))
      } finally {
        body.fill(0)
      }
    },
  })
  app.put('/v1/credentials/:id/secret', {
    ...describedBody({
      tags: ['credentials'],
      summary: 'Replace the secret; the one in force stays until the new one is proven',
      params: z.object({ id: z.string() }),
      body: replacement.extend({ fields }),
      response: answers(200, credential),
    }),
    handler: async (request) => {
      const { id } = request.params as { id: string }
      const body = bodyBytes(request)
      try {
        using intake = intakeJson(body, { object: 'fields' })
        const wanted = parsed(replacement, intake.beside)
        const principal = callerOf(request)
        requireScope(principal, 'credentials.write')
        const before = present((await flow.services.registry.get({ credentialId: id }, as(request))).credential, 'credential')
        const { providerId, pattern, level, label } = before
        const connected = await connectDirectly(flow, principal, {
          ...{ intake, providerId, pattern, level, label, credentialId: id, tags: {} },
          requestId: requestIdOf(request),
          expiresAt: wanted.expires_at === undefined ? undefined : new Date(wanted.expires_at),
          allowUnverified: wanted.allow_unverified ?? false,
          confirmAccountChange: wanted.confirm_account_change ?? false,
        })
        return credentialJson(connected)
      } finally {
        body.fill(0)
      }
    },
  })
}
