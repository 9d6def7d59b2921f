/**
 * The one allow-list of what log lines and span attributes may carry. A field that is not here does not compile, and is
 * dropped at run time when a cast brought it in: nothing generic can print an object that it does not know.
 */
const FIELDS = {
  attempt: 'number',
  bytes: 'number',
  caller: 'text',
  candidate_id: 'text',
  capability_id: 'text',
  class: 'text',
  client_id: 'text',
  code: 'text',
  consumer_id: 'text',
  count: 'number',
  credential_id: 'text',
  cursor: 'text',
  delay_ms: 'number',
  duration_ms: 'number',
  error_name: 'text',
  event_id: 'text',
  event_type: 'text',
  failpoint: 'text',
  family: 'text',
  frames: 'list',
  generation: 'number',
  grpc_status: 'text',
  health: 'text',
  incident: 'text',
  key_id: 'text',
  lag_ms: 'number',
  listener: 'text',
  method: 'text',
  origin: 'text',
  outcome: 'text',
  path_template: 'text',
  pid: 'number',
  port: 'number',
  project: 'text',
  project_key_id: 'text',
  provider_id: 'text',
  provider_version: 'number',
  reason: 'text',
  recipe_id: 'text',
  replayed: 'boolean',
  replica: 'text',
  retry_after_ms: 'number',
  session_id: 'text',
  setup_id: 'text',
  signal: 'text',
  status: 'number',
  term: 'number',
  to_service: 'text',
  trace_id: 'text',
  url_host: 'text',
  user_id: 'text',
  version: 'number',
} as const

/** `text` is an id, a code or a name of ours, never a sentence and never input. */
type FieldValue = { text: string; number: number; boolean: boolean; list: readonly string[] }

/** The fields of a log line and of a span: ids, numbers and codes. */
export type LogFields = { readonly [name in keyof typeof FIELDS]?: FieldValue[(typeof FIELDS)[name]] | undefined }

/**
 * What an id, a code, a host or a path template is made of. Sentences, URLs with a query, e-mail addresses, base64 with
 * padding and header values do not fit and are written as `[dropped]`, so that the mistake shows and the value does not.
 */
const TEXT = /^[\w.:,/{}*[\]-]{1,160}$/
const MAX_LIST = 8

/** The fields of `given` that are on the list and have the right shape; all else is left out. */
export function keepFields(given: LogFields): Record<string, string | number | boolean | string[]> {
  const kept: Record<string, string | number | boolean | string[]> = {}
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof typeof FIELDS] : undefined
    if (kind === undefined || value === undefined) continue
    if (kind === 'text') kept[name] = safeText(value)
    else if (kind === 'list' && Array.isArray(value)) kept[name] = value.slice(0, MAX_LIST).map(safeText)
    else if (kind === 'number' && typeof value === 'number') kept[name] = value
    else if (kind === 'boolean' && typeof value === 'boolean') kept[name] = value
  }
  return kept
}

function safeText(value: unknown): string {
  return typeof value === 'string' && TEXT.test(value) ? value : '[dropped]'
}
