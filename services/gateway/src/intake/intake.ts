import { CodedError, type Fault } from '@credence/errors'
import type { Secret } from '@credence/secret'
import { parseForm } from './form-bytes.ts'
import { type JsonNode, parseJsonBytes, wipeNode } from './json-bytes.ts'

/**
 * A request that carries secrets, on its only way in: field values as `Secret`, everything else as plain values. It is the
 * one place of the gateway that looks at the bytes of a secret, and only to hand them to the vault. Wiped when disposed.
 */
export class Intake implements Disposable {
  readonly #fields: ReadonlyMap<string, Secret>
  /** What stands beside the fields: inputs of a form, members of a JSON body. */
  readonly beside: Readonly<Record<string, unknown>>

  constructor(fields: ReadonlyMap<string, Secret>, beside: Readonly<Record<string, unknown>>) {
    this.#fields = fields
    this.beside = beside
  }

  /** Fields that have a value. */
  get names(): string[] {
    return [...this.#fields].flatMap(([name, secret]) => (secret.byteLength > 0 ? [name] : []))
  }

  /** Values of fields that are plain by the provider's declaration, without the blanks that pasting leaves at both ends. */
  plainFields(names: readonly string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => [name, Buffer.from(this.#bytesOf(name)).toString('utf8').trim()]))
  }

  /** The bytes themselves, for `Seal` and `RegisterClient`: they are zeros after this intake is disposed. */
  secretFields(names: readonly string[]): Record<string, Buffer> {
    return Object.fromEntries(names.map((name) => [name, this.#bytesOf(name)]))
  }

  [Symbol.dispose](): void {
    for (const secret of this.#fields.values()) secret.wipe()
  }

  #bytesOf(name: string): Buffer {
    const secret = this.#fields.get(name)
    return secret === undefined ? Buffer.alloc(0) : secretBytes(secret)
  }
}

/** Its bytes for the vault, not a copy: they are zeros when what it came with is disposed. */
export function secretBytes(secret: Secret): Buffer {
  const bytes = secret.reveal()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The inputs of a page. The caller wipes `body`. */
export function intakeForm(body: Uint8Array): Intake {
  const { fields, plain } = parseForm(body)
  return new Intake(fields, Object.fromEntries(plain))
}

/**
 * A JSON object of the API. `at` names the members that are secret: an object of texts (`fields`), or single texts
 * (`client_secret`). The caller wipes `body`. Throws INVALID_REQUEST with every fault at once.
 */
export function intakeJson(body: Uint8Array, at: { readonly object?: string; readonly texts?: readonly string[] }): Intake {
  const node = parseJsonBytes(body)
  const fields = new Map<string, Secret>()
  const faults: Fault[] = []
  try {
    if (node.kind !== 'object') throw refused([{ pointer: '', code: 'INVALID_TYPE', detail: 'Write an object.' }])
    const beside: Record<string, unknown> = {}
    for (const [name, member] of node.members) {
      if (name === at.object) collectObject(name, member, { fields, faults })
      else if (at.texts?.includes(name)) collectText(`/${name}`, name, member, { fields, faults })
      else Object.defineProperty(beside, name, { value: plainValue(member), enumerable: true })
    }
    if (faults.length > 0) throw refused(faults)
    return new Intake(fields, beside)
  } catch (error) {
    wipeNode(node)
    throw error
  }
}

/** A body of many secrets: a plain value in which each member of these names is a `Secret`. Wiped when disposed. */
export interface SecretTree extends Disposable {
  readonly value: unknown
}

/**
 * As `intakeJson`, for texts of members of these names, and for every text below a member of the name `under`, wherever they
 * stand. The caller wipes `body`.
 */
export function intakeTree(
  body: Uint8Array,
  { names = [], under, maxNodes }: { readonly names?: readonly string[]; readonly under?: string; readonly maxNodes: number },
): SecretTree {
  const node = parseJsonBytes(body, maxNodes)
  return { value: treeValue(node, { names, under }), [Symbol.dispose]: () => wipeNode(node) }
}

interface Kept {
  readonly names: readonly string[]
  readonly under: string | undefined
}

function treeValue(node: JsonNode, kept: Kept): unknown {
  if (node.kind === 'array') return node.items.map((item) => treeValue(item, kept))
  if (node.kind !== 'object') return plainValue(node)
  const members = [...node.members].map(([name, member]): [string, unknown] => {
    if (name === kept.under) return [name, secretValue(member)]
    return [name, kept.names.includes(name) && member.kind === 'text' ? member.text : treeValue(member, kept)]
  })
  return Object.fromEntries(members)
}

/** Every text as `Secret`. */
function secretValue(node: JsonNode): unknown {
  if (node.kind === 'text') return node.text
  if (node.kind === 'array') return node.items.map(secretValue)
  if (node.kind === 'object') return Object.fromEntries([...node.members].map(([name, member]) => [name, secretValue(member)]))
  return node.value
}

interface Found {
  readonly fields: Map<string, Secret>
  readonly faults: Fault[]
}

function collectObject(name: string, node: JsonNode, found: Found): void {
  if (node.kind !== 'object') {
    found.faults.push({ pointer: `/${name}`, code: 'INVALID_TYPE', detail: 'Write an object of texts by field name.' })
    return
  }
  for (const [field, value] of node.members) {
    collectText(`/${name}/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`, field, value, found)
  }
}

function collectText(pointer: string, name: string, node: JsonNode, { fields, faults }: Found): void {
  if (node.kind === 'text') fields.set(name, node.text)
  else faults.push({ pointer, code: 'INVALID_TYPE', detail: 'Write the value as a text in quotation marks.' })
}

/** Members that are not secret, as JSON.parse would give them. */
function plainValue(node: JsonNode): unknown {
  switch (node.kind) {
    case 'text':
      return Buffer.from(node.text.reveal()).toString('utf8')
    case 'other':
      return node.value
    case 'array':
      return node.items.map(plainValue)
    case 'object':
      return Object.fromEntries([...node.members].map(([name, member]) => [name, plainValue(member)]))
  }
}

function refused(faults: readonly Fault[]): CodedError {
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}
