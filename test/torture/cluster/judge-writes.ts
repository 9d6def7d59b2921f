/** One answered increment: by whom, and the count that it made. */
export interface Write {
  readonly id: string
  readonly count: number
  readonly writer: number
}

/** What the writers were told, against what the store holds in the end: the count of each document. */
export function judgeWrites(acknowledged: readonly Write[], held: ReadonlyMap<string, number>): readonly string[] {
  const makers = new Map<string, Set<number>>()
  const highest = new Map<string, number>()
  for (const { id, count, writer } of acknowledged) {
    const key = `${id} ${count}`
    makers.set(key, (makers.get(key) ?? new Set()).add(writer))
    highest.set(id, Math.max(highest.get(id) ?? 0, count))
  }
  const distinct = new Set(acknowledged.map(({ id, count }) => `${id} ${count}`)).size
  const doubled = acknowledged.length - distinct
  const lost = [...highest].filter(([id, count]) => (held.get(id) ?? 0) < count).length
  return [
    ...(doubled === 0
      ? []
      : [`${doubled} versions were made twice (${[...makers.values()].filter(({ size }) => size > 1).length} by two writers)`]),
    ...(lost === 0 ? [] : [`${lost} documents went back behind an answered write`]),
  ]
}
