import type { Fact, FactFilter } from './event-bus.ts'

/** A type that ends in a dot stands for all that begin with it. */
export function matches(filter: FactFilter, fact: Fact): boolean {
  if (filter.project !== undefined && filter.project !== fact.project) return false
  return filter.types?.some((type) => (type.endsWith('.') ? fact.type.startsWith(type) : fact.type === type)) ?? true
}
