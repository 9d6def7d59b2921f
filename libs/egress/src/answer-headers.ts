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

type RawHeaders = Buffer[] | string[] | Record<string, unknown> | null | undefined

/** Pairs in the order and spelling of the upstream, repeated names kept, without hop-by-hop ones and those that Connection names. */
export function answerHeaders(raw: RawHeaders): (readonly [string, string])[] {
  if (!Array.isArray(raw)) throw new TypeError('the dispatcher gave no raw headers')
  const pairs: [string, string][] = []
  let named: string[] | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const pair: [string, string] = [textOf(raw[i]), textOf(raw[i + 1])]
    if (pair[0].length === 10 && pair[0].toLowerCase() === 'connection') {
      named = [
        ...(named ?? []),
        ...pair[1]
          .toLowerCase()
          .split(',')
          .map((option) => option.trim()),
      ]
    }
    pairs.push(pair)
  }
  return pairs.filter(([name]) => {
    const lower = name.toLowerCase()
    return !HOP_BY_HOP.has(lower) && named?.includes(lower) !== true
  })
}

function textOf(value: Buffer | string | undefined): string {
  return typeof value === 'string' ? value : (value?.toString('latin1') ?? '')
}
