/** A tag of a page as a browser would read it. */
export interface Tag {
  readonly name: string
  readonly closing: boolean
  /** Values are still escaped. */
  readonly attributes: ReadonlyMap<string, string>
  /** What follows up to the next tag, as a person reads it. */
  readonly text: string
}

const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9-]*(?:="[^"<>]*")?)*)\s*\/?>([^<>]*)/gi
const ATTRIBUTE = /([a-z][a-z0-9-]*)(?:="([^"]*)")?/gi

/** Reads a page strictly: a `<`, `>` or quote that is not ours is no tag, and refused. */
export function tagsOf(page: string): Tag[] {
  const body = page.replace(/^<!doctype html>\s*/i, '')
  const tags: Tag[] = []
  let at = 0
  for (const match of body.matchAll(TAG)) {
    if (match.index !== at) throw new TypeError(`not a tag of ours: ${body.slice(at, at + 80)}`)
    const [whole, slash, name = '', attributes = '', text = ''] = match
    tags.push({ name: name.toLowerCase(), closing: slash === '/', attributes: attributesOf(attributes), text: textOf(text) })
    at += whole.length
  }
  if (at !== body.length) throw new TypeError(`not a tag of ours: ${body.slice(at, at + 80)}`)
  return tags
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>()
  for (const [, name = '', value = ''] of text.matchAll(ATTRIBUTE)) {
    if (attributes.has(name)) throw new TypeError(`attribute ${name} twice`)
    attributes.set(name, value)
  }
  return attributes
}

/** What a person reads on the page, in order. */
export function wordsOf(page: string): string {
  return tagsOf(page)
    .map((tag) => tag.text)
    .join(' ')
    .replace(/\s+/g, ' ')
}

export function textOf(escaped: string): string {
  const entities: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
  return escaped.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity)
}

/** The opening tags of that name. */
export function opened(page: string, name: string): Tag[] {
  return tagsOf(page).filter((tag) => tag.name === name && !tag.closing)
}

/** The input with that posted name. */
export function inputNamed(page: string, name: string): Tag {
  const [input] = opened(page, 'input').filter((tag) => tag.attributes.get('name') === name)
  if (input === undefined) throw new TypeError(`no input ${name}`)
  return input
}
