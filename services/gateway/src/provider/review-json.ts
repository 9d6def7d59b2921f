import { z } from 'zod'

const texts = z.array(z.string())
const field = z.object({
  name: z.string(),
  label: z.string(),
  hint: z.string().optional(),
  input_type: z.string(),
  required: z.boolean(),
  plain: z.boolean().describe('Stays readable; every other value is sealed'),
  account: z.boolean(),
})
const scope = z.object({
  scope: z.string(),
  display_name: z.string().optional(),
  description: z.string().optional(),
  required: z.boolean(),
})
const pattern = z.object({
  type: z.string(),
  display_name: z.string().optional(),
  description: z.string().optional(),
  level: z.enum(['user', 'project']),
  fields: z.array(field),
  account_fields: z.array(field),
  sends: texts.describe('What goes on each request, with `<name>` for each value'),
  proxy_url: z.string(),
  proxy_url_example: z.string().describe('`proxy_url` with example values filled in'),
  oauth: z
    .object({
      authorize_uri: z.string(),
      device_uri: z.string().optional(),
      token_uri: z.string(),
      user_info_uri: z.string().optional(),
      available_scopes: z.array(scope),
      refresh_class: z.string(),
    })
    .optional(),
  client_fields: z.array(z.record(z.string(), z.unknown())).optional(),
  channels: z.array(z.object({ channel: z.string(), display_name: z.string(), asset: z.string() })).optional(),
  obtains: texts.optional().describe('The calls that make an access without a sign-in'),
  verify: z.string().optional().describe('The call that proves a credential'),
})
const change = z.object({
  pointer: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  before: z.string().optional().describe('As JSON'),
  after: z.string().optional().describe('As JSON'),
})
const move = z.object({
  pattern: z.number().describe('Of the version before'),
  to: z.number().optional(),
  stays: z.enum(['host_changed', 'pattern_removed', 'field_added']).optional().describe('Why its credentials stay on their version'),
})

/** What a person looks at before a provider is saved. */
export const REVIEW: z.ZodType = z
  .object({
    display_name: z.string(),
    description: z.string().optional(),
    docs: z.string().optional(),
    proxy_enabled: z.boolean(),
    patterns: z.array(pattern),
    warnings: z.array(z.object({ pointer: z.string(), code: z.string(), detail: z.string() })).describe('Nothing here stops a save'),
    changes: z.array(change).describe('Against the version before'),
    moves: z.array(move).describe('What an update does to the live credentials of each pattern'),
    live: z.number().optional().describe('Live credentials that the update touches'),
  })
  .meta({ id: 'ProviderReview' })

/** The registry's review with the names of REST. Every member is ours: what a payload says stands in values. */
export function reviewJson(reviewed: Uint8Array): Buffer {
  return Buffer.from(JSON.stringify(named(JSON.parse(Buffer.from(reviewed).toString('utf8')))))
}

function named(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(named)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeCase(name), named(member)]))
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
