import { PROVIDER_SCHEMA } from '@credence/provider'

interface Node {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Node>>
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: boolean | Node
  readonly required?: readonly string[]
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
}

const SCHEMA: Node = PROVIDER_SCHEMA
const HEAD = `# Payload reference

Every member that a provider payload may have. [Providers](providers.md) says how they work together; the same as a JSON Schema is at
\`GET /provider.schema.json\`.

An unknown member is refused, with the nearest known name; a name that begins with \`x-\` is yours and kept as it is. \`{{name}}\` stands for the
value of a field.

`

/** \`docs/payload.md\`, from the JSON Schema that validates payloads. */
export function payloadPage(): string {
  const sections = new Map<string, string>()
  describe('The payload', SCHEMA, sections)
  return `${HEAD}${[...sections.values()].join('\n')}`
}

/** A section for the object, then one for each object in it; what stands in several places has one. */
function describe(heading: string, node: Node, sections: Map<string, string>): void {
  if (sections.has(heading)) return
  const members = Object.entries(node.properties ?? {})
  const required = new Set(node.required)
  const rows = members.map(
    ([name, member]) => `| \`${name}\` | ${typeOf(name, member)} | ${required.has(name) ? 'yes' : ''} | ${about(member)} |`,
  )
  const said = node === SCHEMA ? '' : `${capital(resolved(node).description ?? '')}.\n\n`
  sections.set(heading, `## ${heading}\n\n${said}| member | type | required | what |\n|---|---|---|---|\n${rows.join('\n')}\n`)
  for (const [name, member] of members) {
    const inner = objectIn(member)
    if (inner !== undefined) describe(headingOf(name, member), inner, sections)
  }
}

function resolved(node: Node): Node {
  return node.$ref === undefined ? node : (SCHEMA.$defs?.[node.$ref.replace('#/$defs/', '')] ?? node)
}

/** The object with members that this member is, or holds. */
function objectIn(member: Node): Node | undefined {
  const node = resolved(member)
  const inner = node.items === undefined ? node : resolved(node.items)
  return inner.properties === undefined ? undefined : inner
}

/** By the definition, where there is one: \`fields\` and \`account_fields\` hold the same. */
function headingOf(name: string, member: Node): string {
  const ref = member.$ref ?? member.items?.$ref
  return `\`${ref === undefined ? name : ref.replace('#/$defs/', '')}\``
}

function typeOf(name: string, member: Node): string {
  const node = resolved(member)
  const inner = objectIn(member)
  const link = inner === undefined ? '' : `[${headingOf(name, member)}](#${headingOf(name, member).replaceAll('`', '')})`
  if (node.type === 'array') return link === '' ? `list of ${plainType(resolved(node.items ?? {}))}` : `list of ${link}`
  return link === '' ? plainType(node) : link
}

function plainType(node: Node): string {
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ')
  return [node.type ?? 'any'].flat().join(', ')
}

function about(member: Node): string {
  const { description = '', examples = [], minimum, maximum } = resolved(member)
  const range = minimum === undefined ? '' : `; ${minimum} to ${maximum}`
  const example = examples.length === 0 ? '' : `, such as \`${String(examples[0])}\``
  return `${description}${example}${range}`.replaceAll('|', '\\|')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
