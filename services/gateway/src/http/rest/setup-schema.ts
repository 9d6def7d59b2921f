import type { Setup } from '@credence/proto/setup'
import { z } from 'zod'
import { optional, times } from './schemas.ts'

/** A setup as the API shows it. */
export const setup: z.ZodType = z
  .object({
    id: z.string(),
    state: z.enum(['research', 'guided', 'connect', 'verify', 'done', 'cancelled']),
    service: z.string(),
    name: z.string().optional(),
    site: z.string().optional(),
    needs: z.enum(['site', 'payload', 'administrator', 'client']).optional().describe('What must be given before it goes on'),
    sentence: z.string().optional().describe('For a person: what is asked, or why it is back'),
    cause: z.string().optional().describe('`key_wrong`, `scope_missing`, `host_wrong`, `provider_down`, `throttled`, …'),
    tries: z.number(),
    provider_id: z.string().optional(),
    provider_version: z.number().optional(),
    pattern: z.number(),
    payload: z.record(z.string(), z.unknown()).optional().describe('The provider payload that was found'),
    source: z.enum(['catalogue', 'documentation', 'project', 'person']).optional(),
    facts: z.array(z.object({ pointer: z.string(), value: z.string(), url: z.string(), confidence: z.enum(['high', 'medium', 'low']) })),
    missing: z.array(z.object({ pointer: z.string(), question: z.string(), required: z.boolean() })),
    steps: z.array(
      z.object({
        audience: z.enum(['user', 'administrator']),
        text: z.string(),
        url: z.string().optional(),
        redirect_uri: z.string().optional().describe('To be entered at the provider, letter by letter'),
      }),
    ),
    registration_uri: z.string().optional(),
    suggestions: z.array(z.string()),
    visits: z.array(z.object({ url: z.string(), outcome: z.string() })),
    session_id: z.string().optional(),
    credential_id: z.string().optional(),
    batch_id: z.string().optional(),
    label: z.string().optional(),
    level: z.string().optional(),
    user: z.string(),
    created_at: z.string().optional(),
    moved_at: z.string().optional(),
  })
  .meta({ id: 'Setup' })

export function setupJson(it: Setup): object {
  const { id, state, service, name, site, needs, sentence, cause, tries, pattern, source, facts, missing, visits, suggestions, user } = it
  return {
    id,
    state,
    service,
    ...optional({ name, site, needs, sentence, cause }),
    tries,
    ...optional({ provider_id: it.providerId }),
    ...(it.providerVersion === 0 ? {} : { provider_version: it.providerVersion }),
    pattern,
    ...(it.payloadJson.length === 0 ? {} : { payload: JSON.parse(it.payloadJson.toString('utf8')) as unknown }),
    ...optional({ source }),
    facts: facts.map(({ pointer, value, url, confidence }) => ({ pointer, value, url, confidence })),
    missing: missing.map(({ pointer, question, required }) => ({ pointer, question, required })),
    steps: it.steps.map(({ audience, text, url, showsRedirectAddress }) => ({
      audience,
      text,
      ...optional({ url, redirect_uri: showsRedirectAddress ? it.redirectUri : '' }),
    })),
    ...optional({ registration_uri: it.registrationUri }),
    suggestions,
    visits: visits.map(({ url, outcome }) => ({ url, outcome })),
    ...optional({ session_id: it.sessionId, credential_id: it.credentialId, batch_id: it.batchId, label: it.label, level: it.level }),
    user,
    ...times({ created_at: it.createdAt, moved_at: it.movedAt }),
  }
}
