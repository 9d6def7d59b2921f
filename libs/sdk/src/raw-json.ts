/**
 * Members of a JSON object as the text that stands there (RFC 8259), with the blanks around it: a payload comes back byte for
 * byte, which no parse and stringify would do. `text` has been parsed before, so it is known to be valid.
 */
export function rawMembers(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let at = skipBlanks(text, skipBlanks(text, 0) + 1)
  while (text[at] !== '}') {
    const afterName = endOfValue(text, at)
    const start = skipBlanks(text, afterName) + 1
    const end = skipBlanks(text, endOfValue(text, skipBlanks(text, start)))
    members.set(JSON.parse(text.slice(at, afterName)) as string, text.slice(start, end))
    at = nextItem(text, end)
  }
  return members
}

/** Items of a JSON array as the text that stands there. */
export function rawItems(text: string): string[] {
  const items: string[] = []
  let at = skipBlanks(text, skipBlanks(text, 0) + 1)
  while (text[at] !== ']') {
    const end = endOfValue(text, at)
    items.push(text.slice(at, end))
    at = nextItem(text, end)
  }
  return items
}

function nextItem(text: string, end: number): number {
  const at = skipBlanks(text, end)
  return text[at] === ',' ? skipBlanks(text, at + 1) : at
}

function skipBlanks(text: string, from: number): number {
  let at = from
  while (/[ \t\r\n]/.test(text[at] ?? '')) at++
  return at
}

/** Brackets are counted, and strings passed over whole, because brackets in them do not count. */
function endOfValue(text: string, from: number): number {
  const first = text[from] ?? ''
  if (first === '"') return endOfString(text, from)
  if (first !== '{' && first !== '[') return from + (/^[^\s,\]}]*/.exec(text.slice(from, from + 64))?.[0].length ?? 0)
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const letter = text[at]
    if (letter === '"') at = endOfString(text, at) - 1
    else if (letter === '{' || letter === '[') depth++
    else if ((letter === '}' || letter === ']') && --depth === 0) return at + 1
  }
  throw new TypeError('the text is not JSON')
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  throw new TypeError('the text is not JSON')
}
