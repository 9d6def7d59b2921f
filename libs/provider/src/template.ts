/** A piece of a template: text as it is, or the place of a field. */
export type Part = { readonly literal: string } | { readonly field: string }

export const FIELD_NAME = '[A-Za-z][A-Za-z0-9_-]{0,63}'
const PLACE = new RegExp(`\\{\\{(${FIELD_NAME})\\}\\}`, 'g')

/** The pieces of `text`; undefined when a brace stands in it that is not part of a `{{name}}`. */
export function parseTemplate(text: string): readonly Part[] | undefined {
  const parts = cut(text)
  const broken = parts.some((part) => 'literal' in part && /[{}]/.test(part.literal))
  return broken ? undefined : parts
}

/** The names of the fields in `parts`, each once. */
export function fieldsIn(parts: readonly Part[]): readonly string[] {
  return [...new Set(parts.flatMap((part) => ('field' in part ? [part.field] : [])))]
}

/** The pieces of a text in which single braces have a meaning of their own, as in JSON; undefined for a `{{` without a name. */
export function parseLooseTemplate(text: string): readonly Part[] | undefined {
  const parts = cut(text)
  return parts.some((part) => 'literal' in part && part.literal.includes('{{')) ? undefined : parts
}

function cut(text: string): readonly Part[] {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(PLACE)) {
    if (match.index > end) parts.push({ literal: text.slice(end, match.index) })
    parts.push({ field: match[1] ?? '' })
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push({ literal: text.slice(end) })
  return parts
}
