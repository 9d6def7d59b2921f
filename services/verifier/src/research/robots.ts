/** The product token of RFC 9309 §2.2.1 by which a site can name us. */
export const USER_AGENT_TOKEN = 'credence'
/** RFC 9309 §2.5: at least 500 KiB must be read. */
export const MAX_ROBOTS_BYTES: number = 512_000

/** What a site's robots.txt lets a program read. */
export interface RobotsRules {
  allows(pathAndQuery: string): boolean
}

export const ALLOW_ALL: RobotsRules = { allows: () => true }
/** RFC 9309 §2.3.1.4: a robots.txt that cannot be reached forbids everything. */
export const ALLOW_NONE: RobotsRules = { allows: () => false }

interface Rule {
  readonly allow: boolean
  readonly pattern: string
}

/** Reads a robots.txt (RFC 9309): the groups for our token together, else those for `*`; the longest match wins, a tie allows. */
export function parseRobots(text: string): RobotsRules {
  const groups = groupsOf(text)
  const own = groups.filter(({ agents }) => agents.includes(USER_AGENT_TOKEN))
  const rules = (own.length > 0 ? own : groups.filter(({ agents }) => agents.includes('*'))).flatMap((group) => group.rules)
  return {
    allows(pathAndQuery) {
      const path = normalized(pathAndQuery)
      if (path === '/robots.txt') return true
      let best: Rule | undefined
      for (const rule of rules) {
        if (!matches(rule.pattern, path)) continue
        const longer = best === undefined || rule.pattern.length > best.pattern.length
        if (longer || (rule.pattern.length === best?.pattern.length && rule.allow)) best = rule
      }
      return best?.allow ?? true
    },
  }
}

interface Group {
  readonly agents: string[]
  readonly rules: Rule[]
}

function groupsOf(text: string): readonly Group[] {
  const groups: Group[] = []
  let open: Group | undefined
  for (const line of text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)) {
    const [, key = '', value = ''] = /^\s*([A-Za-z-]+)\s*:\s*([^#]*)/.exec(line) ?? []
    const name = key.toLowerCase()
    if (name === 'user-agent') {
      // Names that stand together share the rules below them.
      if (open === undefined || open.rules.length > 0) {
        open = { agents: [], rules: [] }
        groups.push(open)
      }
      open.agents.push(value.trim().toLowerCase())
    } else if ((name === 'allow' || name === 'disallow') && open !== undefined) {
      // An empty pattern matches nothing, and yet it ends the list of names.
      open.rules.push({ allow: name === 'allow', pattern: normalized(value.trim()) })
    }
  }
  return groups
}

/** RFC 9309 §2.2.2: escapes are compared in one form. */
function normalized(path: string): string {
  const escaped = path.replace(/[^\u0021-\u007e]/gu, (character) => encodeURIComponent(character))
  return escaped.replace(/%[0-9a-f]{2}/gi, (hex) => {
    const character = String.fromCharCode(Number.parseInt(hex.slice(1), 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : hex.toUpperCase()
  })
}

/** `*` is any run of characters, `$` at the end is the end. Each piece is looked for once: no pattern makes this slow. */
function matches(pattern: string, path: string): boolean {
  if (pattern === '') return false
  const toTheEnd = pattern.endsWith('$')
  const pieces = (toTheEnd ? pattern.slice(0, -1) : pattern).split('*')
  const [first = '', ...rest] = pieces
  if (!path.startsWith(first)) return false
  let at = first.length
  const last = toTheEnd ? rest.pop() : undefined
  for (const piece of rest) {
    const found = path.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  if (!toTheEnd) return true
  return last === undefined ? at === path.length : path.length - last.length >= at && path.endsWith(last)
}
