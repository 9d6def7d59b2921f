// Which paths a capability may call, below the provider's `proxy_url`:
//
//     /orders            exactly this
//     /orders/*          one segment more, and not an empty one
//     /orders/*/lines    a segment in the middle
//     /orders/**         everything below, and /orders itself; only at the end
//
// Segments are compared after one percent-decoding, letter by letter. A path that servers could read in two ways matches
// nothing, whatever the patterns.

const ANY = '*'
const REST = '**'
const MAX_PATTERN = 500

/** What is wrong with a pattern; undefined when it can be used. */
export function pathPatternFault(pattern: string): string | undefined {
  if (!pattern.startsWith('/')) return 'Begin it with a slash; it stands below `proxy_url`.'
  if (pattern.length > MAX_PATTERN) return `Use at most ${MAX_PATTERN} characters.`
  if (/[?#\\\s]/.test(pattern)) return 'Leave out query, fragment, backslashes and spaces: only the path is compared.'
  const raw = pattern.slice(1).split('/')
  for (const [i, segment] of raw.entries()) {
    if (segment === REST && i !== raw.length - 1) return '`**` stands at the end only.'
    if (segment !== ANY && segment !== REST && segment.includes(ANY)) return '`*` stands for a whole segment.'
  }
  return segmentsOf(pattern) === undefined ? 'Leave out `.` and `..`, empty segments, and encoded slashes.' : undefined
}

/** Whether the path (without its query) is one of those that the patterns name. No pattern: none is. */
export function matchesPath(patterns: readonly string[], path: string): boolean {
  const asked = segmentsOf(path)
  return asked !== undefined && patterns.some((pattern) => matches(pattern.slice(1).split('/'), asked))
}

function matches(pattern: readonly string[], asked: readonly string[]): boolean {
  const open = pattern.at(-1) === REST
  const fixed = open ? pattern.slice(0, -1) : pattern
  if (open ? asked.length < fixed.length : asked.length !== fixed.length) return false
  return fixed.every((segment, i) => (segment === ANY ? asked[i] !== '' : decoded(segment) === asked[i]))
}

/** The segments, decoded once; undefined for a path that has more than one reading. An empty segment stands at the end only. */
function segmentsOf(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined
  const segments = path.slice(1).split('/').map(decoded)
  const clear = segments.every((segment, i) => segment !== undefined && isClear(segment) && (segment !== '' || i === segments.length - 1))
  return clear ? (segments as string[]) : undefined
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** A second decoding, a cut path parameter (`..;x`) or another slash must not make another path of it. */
function isClear(segment: string): boolean {
  if (/[\u0000-\u001f\u007f/\\?#]/.test(segment) || /%[0-9a-f]{2}/i.test(segment)) return false
  return !/^\.{1,2}$/.test(segment.replace(/;.*$/s, '').trim())
}
