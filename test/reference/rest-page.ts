/** The parts of an OpenAPI document that the page prints. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly required?: boolean; readonly schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly description?: string
}

const HEAD = `# REST reference

Every route of the admin listener (7401). \`GET /openapi.json\` has the whole of it, \`/docs/api\` browses it.

A request carries \`Authorization: Bearer crd_…\`. A key with the scope \`act_for\` names the user it acts for: \`Credence-User: id:ann\`, or
\`email:ann@example.com\`, or \`usr_…\`. A POST may carry an \`Idempotency-Key\`: the same key with the same body answers the same, for 24 hours.
Lists take \`page_size\` (at most 200) and \`page_token\`, and answer \`next_page_token\` while there is more. What is not read is refused: an
unknown member, an unknown parameter. Errors are problem documents ([Errors](errors.md)).

The proxy has one route of its own, on the data listener (7402): \`ANY /v1/proxy/{id}/{path}\` ([Calling](calling.md)).

`

/** `docs/rest.md`, from the OpenAPI document that the admin listener serves. */
export function restPage({ paths, components }: OpenApi): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, it]) => ({ path, method, it })))
  const tags = [...new Set(routes.map(({ it }) => it.tags?.[0] ?? 'other'))]
  const sections = tags.map((tag) => {
    const own = routes.filter(({ it }) => (it.tags?.[0] ?? 'other') === tag)
    return `## ${tag.charAt(0).toUpperCase()}${tag.slice(1)}\n\n${own.map(routeOf).join('\n')}`
  })
  const nouns = Object.entries(components.schemas).map(([name, schema]) => `### ${name}\n\n${members(schema)}\n`)
  return `${HEAD}${sections.join('\n')}\n## What answers are made of\n\n${nouns.join('\n')}`
}

function routeOf({ path, method, it }: { path: string; method: string; it: Operation }): string {
  const asked = (it.parameters ?? []).filter((one) => one.in === 'query')
  const query =
    asked.length === 0
      ? []
      : [`Query: ${asked.map(({ name, required }) => `\`${name}\`${required === true ? ' (required)' : ''}`).join(', ')}.`]
  const body = Object.values(it.requestBody?.content ?? {})[0]?.schema
  const parts = [`### \`${method.toUpperCase()} ${path}\``, `${it.summary ?? ''}.`, ...query, ...(body === undefined ? [] : [bodyOf(body)])]
  return `${parts.join('\n\n')}\n`
}

function bodyOf(body: Schema): string {
  return Object.keys(body.properties ?? {}).length === 0 ? `Body: ${typeOf(body)}.` : `Body:\n\n${members(body)}`
}

function members({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const needed = required.includes(name) ? 'yes' : ''
    return `| \`${name}\` | ${typeOf(schema)} | ${needed} | ${(schema.description ?? '').replaceAll('|', '\\|')} |`
  })
  return ['| member | type | always | |', '|---|---|---|---|', ...rows].join('\n')
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref)
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ')
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`
  return [schema.type ?? 'any'].flat().join(' or ')
}

function nameOf(ref: string): string {
  const name = ref.split('/').at(-1) ?? ''
  return `[${name}](#${name.toLowerCase()})`
}
