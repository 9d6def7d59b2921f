/** RFC 9110 §7.6.1: they concern the connection between the upstream and us. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Pairs with lower-case names, repeated ones kept, without hop-by-hop headers and those that Connection names. */
export function answerHeaders(parsed: Readonly<Record<string, string | string[] | undefined>>): (readonly [string, string])[] {
  const { connection } = parsed
  const named = connection === undefined ? [] : String(connection).toLowerCase().split(',')
  const options = named.map((option) => option.trim())
  const pairs: (readonly [string, string])[] = []
  for (const name in parsed) {
    const value = parsed[name]
    if (value === undefined || HOP_BY_HOP.has(name) || options.includes(name)) continue
    if (typeof value === 'string') pairs.push([name, value])
    else for (const one of value) pairs.push([name, one])
  }
  return pairs
}
