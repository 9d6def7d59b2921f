import type { Consumer, Credential, Share } from '@credence/proto/credential'
import type { Session } from '@credence/proto/gateway'
import { z } from 'zod'

/** A moment on the wire: RFC 3339 in UTC. */
const time = z.string().meta({ format: 'date-time' })

/** What every error answers (RFC 9457). */
export const problem: z.ZodType = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    code: z.string(),
    detail: z.string(),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
    credential_id: z.string().optional(),
    reconnect_url: z.string().optional(),
    retry_after_ms: z.number().optional(),
    trace_id: z.string().optional(),
    facts: z
      .union([z.record(z.string(), z.string()), z.array(z.object({ name: z.string(), question: z.string() }))])
      .optional()
      .describe('Where a customer is to be asked: the questions'),
    attemptsLeft: z.number().optional(),
    challenge: z.string().optional().describe('To be sent with the answers'),
    challenge_expires_at: z.string().optional(),
    page_url: z.string().optional().describe('Where the customer can answer himself'),
    level: z.string().optional(),
    capability_id: z.string().optional(),
    consent: z
      .object({ purpose: z.string(), scopes: z.array(z.string()) })
      .optional()
      .describe('What is to be consented to'),
  })
  .meta({ id: 'Problem' })

const names = z.array(z.string())

/** A credential without any secret. */
export const credential: z.ZodType = z
  .object({
    id: z.string(),
    label: z.string(),
    owner: z.object({ user: z.string(), names }).optional(),
    level: z.string(),
    family: z.string(),
    provider_id: z.string(),
    provider_name: z.string(),
    provider_version: z.number(),
    pattern: z.number(),
    status: z.enum(['active', 'expired', 'disabled']),
    reason: z.string().optional(),
    health: z.string().optional(),
    account: z.object({ id: z.string(), name: z.string() }).optional(),
    account_fields: z.record(z.string(), z.string()),
    scopes: z.array(z.string()),
    expires_at: time.optional(),
    last_used_at: time.optional(),
    last_verified_at: time.optional(),
    last_error: z.object({ code: z.string(), at: time.optional() }).optional(),
    shares: z.array(z.object({ subject: z.string(), names, permission: z.string() })),
    tags: z.record(z.string(), z.string()),
    created_at: time.optional(),
    connected_at: time.optional().describe('When the secret in force was connected, replaced or minted'),
    reconnect_url: z.string(),
    consumer_count: z.number(),
    assets: z
      .array(
        z.object({ channel: z.string(), id: z.string(), name: z.string(), label: z.string().optional(), parent: z.string().optional() }),
      )
      .describe("What a platform's own sign-in handed over: numbers, accounts, pages"),
  })
  .meta({ id: 'Credential' })

export function credentialJson(it: Credential): object {
  const { id, label, owner, level, family, pattern, status, account, scopes, tags } = it
  return {
    id,
    label,
    ...(owner === undefined ? {} : { owner: { user: owner.user, names: owner.names } }),
    level,
    family,
    provider_id: it.providerId,
    provider_name: it.providerName,
    provider_version: it.providerVersion,
    pattern,
    status,
    ...optional({ reason: it.reason, health: it.health }),
    ...(account === undefined || (account.id === '' && account.name === '') ? {} : { account: { id: account.id, name: account.name } }),
    account_fields: it.accountFields,
    scopes,
    ...times({ expires_at: it.expiresAt, last_used_at: it.lastUsedAt, last_verified_at: it.lastVerifiedAt }),
    ...times({ created_at: it.createdAt, connected_at: it.connectedAt }),
    ...(it.lastError === undefined ? {} : { last_error: { code: it.lastError.code, ...times({ at: it.lastError.at }) } }),
    shares: it.shares.map(shareJson),
    tags,
    reconnect_url: it.reconnectUrl,
    consumer_count: it.consumerCount,
    assets: it.assets.map(({ channel, id: asset, name, label: known, parent }) => ({
      channel,
      id: asset,
      name,
      ...optional({ label: known, parent }),
    })),
  }
}

function shareJson({ subject, names: known, permission }: Share): object {
  return { subject, names: known, permission }
}

/** What uses a credential. */
export const consumer: z.ZodType = z
  .object({
    id: z.string(),
    credential_id: z.string(),
    kind: z.enum(['tool', 'channel', 'agent']),
    external_ref: z.string(),
    label: z.string(),
    bound_at: time.optional(),
    channel: z.string().optional(),
    native_id: z.string().optional(),
    agent: z.string().optional(),
  })
  .meta({ id: 'Consumer' })

export function consumerJson(it: Consumer): object {
  const { id, kind, label, channel, agent } = it
  const native = optional({ channel, native_id: it.nativeId, agent })
  return { id, credential_id: it.credentialId, kind, external_ref: it.externalRef, label, ...times({ bound_at: it.boundAt }), ...native }
}

/** A connect session. */
export const session: z.ZodType = z
  .object({
    id: z.string(),
    state: z.enum(['open', 'at_provider', 'unconfirmed', 'connected', 'failed', 'cancelled', 'timed_out']),
    provider_id: z.string(),
    credential_id: z.string().optional(),
    confirm: z.enum(['host', 'code', 'login', 'none', 'widget']).describe('`widget`: started by a widget, which cannot be asked for'),
    expires_at: time.optional(),
    code: z.string().optional(),
    detail: z.string().optional(),
    user: z.string(),
    capability_id: z.string().optional(),
    device: z
      .object({
        user_code: z.string(),
        verification_uri: z.string(),
        verification_uri_complete: z.string().optional(),
        expires_at: time.optional(),
      })
      .optional()
      .describe('While the person signs in on another device: which code to enter where'),
  })
  .meta({ id: 'Session' })

export function sessionJson(it: Session): object {
  const { id, state, confirm, code, detail, user } = it
  return {
    id,
    state,
    provider_id: it.providerId,
    ...optional({ credential_id: it.credentialId, capability_id: it.capabilityId, code, detail }),
    confirm,
    ...times({ expires_at: it.expiresAt }),
    user,
    ...(it.device === undefined ? {} : { device: deviceJson(it.device) }),
  }
}

function deviceJson(it: NonNullable<Session['device']>): object {
  const { userCode: user_code, verificationUri: verification_uri, verificationUriComplete: verification_uri_complete } = it
  return { user_code, verification_uri, ...optional({ verification_uri_complete }), ...times({ expires_at: it.expiresAt }) }
}

/** Members that are absent on the wire when they are empty. */
export function optional(members: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ''))
}

/** Dates as RFC 3339; absent ones are left out. */
export function times(members: Readonly<Record<string, Date | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value.toISOString()]])))
}
