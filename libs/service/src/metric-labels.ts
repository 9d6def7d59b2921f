import type { LabelValues, MetricRow } from './metric-table.ts'

export type Labels = Readonly<Record<string, string>>

/** The labels of a metric with each value that is none of its row's as `other`, and with `service`. */
export type Folding = (given: Labels, service: string) => Record<string, string>

const OTHER = 'other'
/** Counters with more combinations of labels begin when something is counted. */
const MOST_COMBINATIONS = 40

export function foldingOf(row: MetricRow): Folding {
  const folds = Object.entries(row.labels).map(([name, values]) => ({ name, fold: foldInto(values) }))
  return (given, service) => {
    const labels: Record<string, string> = { service }
    for (const { name, fold } of folds) labels[name] = fold(given[name] ?? OTHER)
    return labels
  }
}

/** What `most` leaves open is filled by the first that come. */
function foldInto(values: LabelValues): (value: string) => string {
  const known = new Set('most' in values ? [] : values)
  const most = 'most' in values ? values.most : 0
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= most) return OTHER
    known.add(value)
    return value
  }
}

/** Every set of labels that a row can have; none when they are many, or are not known before. */
export function combinations(labels: MetricRow['labels']): readonly Labels[] {
  let all: Labels[] = [{}]
  for (const [name, values] of Object.entries(labels)) {
    if ('most' in values) return []
    all = all.flatMap((before) => values.map((value) => ({ ...before, [name]: value })))
  }
  return all.length > MOST_COMBINATIONS ? [] : all
}
