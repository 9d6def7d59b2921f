/** A JSON Schema node. Descriptions are noun phrases: the parser makes its sentences ("Add `x`: …", "Write …") from them. */
export type SchemaNode = Readonly<Record<string, unknown>>

/** Not blank, on one line. The lookahead keeps a long refused text linear to match. */
const SHOWN = '^(?=.*\\S)[^\\u0000-\\u001f\\u007f]*$'

/** Text that people see. */
export function label(description: string, maxLength = 200): SchemaNode {
  return { type: 'string', minLength: 1, maxLength, pattern: SHOWN, description }
}

/** Text of a fixed form; `example` shows it where a value is refused. */
export function text(pattern: string, description: string, example: string): SchemaNode {
  return { type: 'string', maxLength: 2048, pattern, description, examples: [example] }
}

export function url(description: string, example: string): SchemaNode {
  return { type: 'string', minLength: 1, maxLength: 2048, description, examples: [example] }
}

/** A JSON pointer into a JSON answer. */
export function answerPointer(description: string, example: string): SchemaNode {
  return text('^(/([^~/]|~[01])*)+$', `a JSON pointer to ${description}`, example)
}

export function oneOf(values: readonly string[], description: string): SchemaNode {
  return { type: 'string', enum: values, description }
}

export function flag(description: string): SchemaNode {
  return { type: 'boolean', description }
}

export function whole(range: readonly [minimum: number, maximum: number], description: string): SchemaNode {
  return { type: 'integer', minimum: range[0], maximum: range[1], description }
}

export function list(items: SchemaNode, limits: { min?: number; max: number; unique?: boolean }, description: string): SchemaNode {
  return {
    type: 'array',
    items,
    minItems: limits.min ?? 0,
    maxItems: limits.max,
    ...(limits.unique ? { uniqueItems: true } : {}),
    description,
  }
}

/** An object without unknown members, except those that begin with `x-`, which are the author's own. */
export function closed(properties: SchemaNode, required: readonly string[], description: string): SchemaNode {
  return { type: 'object', properties, required, patternProperties: { '^x-': {} }, additionalProperties: false, description }
}

/** An object whose members the author names. */
export function mapOf(
  values: SchemaNode,
  names: { readonly key: string; readonly keyDescription: string; readonly keyExample: string; readonly max: number },
  description: string,
): SchemaNode {
  const { key, keyDescription, keyExample, max } = names
  return {
    type: 'object',
    maxProperties: max,
    propertyNames: { type: 'string', pattern: key, description: keyDescription, examples: [keyExample] },
    additionalProperties: values,
    description,
  }
}
