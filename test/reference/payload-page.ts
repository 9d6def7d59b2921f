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

/** `docs/payload.md`, from the JSON Schema that validates payloads: a section for the object, and for each object in it. */
export function payloadPage(): string {
  const headings = new Map<Node, string>([[SCHEMA, 'The payload']])
  name(SCHEMA, 'pattern', headings)
  const sections = [...headings].map(([node, heading]) => sectionOf(node, { heading, headings }))
  return `${HEAD}${sections.join('\n')}`
}

/** Gives each object a heading of its own: its name, and where another has that already, the name behind that of what holds it. */
function name(node: Node, holder: string, headings: Map<Node, string>): void {
  for (const [member, found] of Object.entries(node.properties ?? {})) {
    const inner = objectIn(found)
    if (inner === undefined || headings.has(inner)) continue
    const own = (refOf(found) ?? member).replace('#/$defs/', '')
    const taken = [...headings.values()].includes(`\`${own}\``)
    headings.set(inner, `\`${taken ? `${holder}.${own}` : own}\``)
    name(inner, own, headings)
  }
}

function sectionOf(node: Node, { heading, headings }: { heading: string; headings: ReadonlyMap<Node, string> }): string {
  const required = new Set(node.required)
  const rows = Object.entries(node.properties ?? {}).map(
    ([member, found]) => `| \`${member}\` | ${typeOf(found, headings)} | ${required.has(member) ? 'yes' : ''} | ${about(found)} |`,
  )
  const said = node === SCHEMA ? '' : `${capital(node.description ?? '')}.\n\n`
  return `## ${heading}\n\n${said}| member | type | required | what |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function resolved(node: Node): Node {
  return node.$ref === undefined ? node : (SCHEMA.$defs?.[node.$ref.replace('#/$defs/', '')] ?? node)
}

/** The object with members that this member is, or whose values or items it has. */
function objectIn(member: Node): Node | undefined {
  const inner = resolved(within(resolved(member)))
  return inner.properties === undefined ? undefined : inner
}

function within(node: Node): Node {
  const values = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
  return node.items ?? (node.properties === undefined ? values : undefined) ?? node
}

function refOf(member: Node): string | undefined {
  return member.$ref ?? within(member).$ref
}

function typeOf(member: Node, headings: ReadonlyMap<Node, string>): string {
  const node = resolved(member)
  const inner = objectIn(member)
  const heading = inner === undefined ? undefined : headings.get(inner)
  const one = heading === undefined ? plainType(resolved(within(node))) : `[${heading}](#${heading.replace(/[`.]/g, '')})`
  if (node.type === 'array') return `list of ${one}`
  return within(node) === node ? one : `object of ${one}`
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
