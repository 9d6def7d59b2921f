import { CodedError, type Fault } from '@credence/errors'
import type { ProviderReview } from '@credence/provider'
import { Secret } from '@credence/secret'
import type { Prompts } from './prompts.ts'
import { readFieldsFrom } from './read-stdin.ts'

type Field = ProviderReview['patterns'][number]['fields'][number]

/** Where the values of a credential's fields come from. */
export interface FieldSources {
  /** `--field name=value`: plain fields only. */
  readonly given: readonly string[]
  /** `--fields-stdin`: a JSON object of texts. */
  readonly input: AsyncIterable<Uint8Array> | undefined
  readonly prompts: Prompts | undefined
}

/** The fields that a person fills in for this pattern. Throws INVALID_REQUEST for a pattern that is not there, or that signs in. */
export async function fieldsOf(payloadJson: string, pattern: number): Promise<readonly Field[]> {
  const { parseProvider, reviewProvider } = await import('@credence/provider')
  const bytes = Buffer.from(payloadJson)
  const { display_name } = parseProvider(bytes)
  const found = reviewProvider(bytes, {}).patterns[pattern]
  if (found === undefined)
    throw new CodedError('INVALID_REQUEST', `${display_name} has no pattern ${pattern}: see \`credence provider get\`.`)
  if (found.oauth !== undefined) {
    throw new CodedError(
      'INVALID_REQUEST',
      `Pattern ${pattern} of ${display_name} is a sign-in: a person does it, with \`credence connect\`.`,
    )
  }
  return found.fields
}

/**
 * Collects the values of all fields, asks for those that are missing, hands them to `use` as bytes, and wipes them. A secret
 * field given as a flag is refused: other users of the machine could have read it.
 */
export async function withFields<T>(
  fields: readonly Field[],
  sources: FieldSources,
  use: (values: Readonly<Record<string, Uint8Array>>) => Promise<T>,
): Promise<T> {
  const values = sources.input === undefined ? new Map<string, Secret>() : await readFieldsFrom(sources.input)
  try {
    for (const [name, secret] of plainFlags(fields, sources.given)) values.set(name, secret)
    for (const field of fields) {
      if (values.has(field.name) || sources.prompts === undefined) continue
      values.set(field.name, await ask(field, sources.prompts))
    }
    requireAll(fields, values)
    const filled = [...values].filter(([, secret]) => secret.byteLength > 0)
    return await use(Object.fromEntries(filled.map(([name, secret]) => [name, secret.reveal()])))
  } finally {
    for (const secret of values.values()) secret.wipe()
  }
}

async function ask(field: Field, prompts: Prompts): Promise<Secret> {
  const question = field.hint === undefined ? field.label : `${field.label} (${field.hint})`
  if (!field.plain) return prompts.secret(question, { required: field.required })
  return Secret.fromString(await prompts.text(question, { required: field.required }))
}

function plainFlags(fields: readonly Field[], given: readonly string[]): [string, Secret][] {
  return given.map((text) => {
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    const field = fields.find((one) => one.name === name)
    if (field === undefined) {
      throw new CodedError('INVALID_REQUEST', `Write --field NAME=VALUE with one of: ${fields.map((one) => one.name).join(', ')}.`)
    }
    if (!field.plain) {
      throw new CodedError(
        'INVALID_REQUEST',
        `\`${name}\` is a secret and may not be a flag: leave it out and be asked, or use --fields-stdin.`,
      )
    }
    return [name, Secret.fromString(value)]
  })
}

function requireAll(fields: readonly Field[], values: ReadonlyMap<string, Secret>): void {
  const faults: Fault[] = fields.flatMap((field) =>
    field.required && (values.get(field.name)?.byteLength ?? 0) === 0
      ? [{ pointer: `/fields/${field.name}`, code: 'MISSING', detail: `Fill in ${field.label}.` }]
      : [],
  )
  if (faults.length === 0) return
  throw new CodedError('FIELD_REFUSED', 'Values are missing: run it in a terminal, or pipe them in with --fields-stdin.', { faults })
}
