/** What a process told of itself at one moment, as Prometheus would have scraped it. */
export interface Scrape {
  readonly text: string
  /** Names as in the table: of a histogram, without `_bucket`, `_sum`, `_count`. */
  readonly names: ReadonlySet<string>
  readonly samples: readonly Sample[]
  /** The sum over all samples of that name that have these labels; undefined when there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/

/** Throws when a line is not in the format. */
export async function scrape(probes: string): Promise<Scrape> {
  const response = await fetch(`${probes}/metrics`)
  const text = await response.text()
  if (response.status !== 200) throw new TypeError(`/metrics answered ${response.status}`)
  const lines = text.split('\n').filter((line) => line !== '')
  const names = lines.map((line) => /^# TYPE (\S+) (?:counter|gauge|histogram)$/.exec(line)?.[1]).filter((name) => name !== undefined)
  const samples = lines.filter((line) => !line.startsWith('#')).map(sampleIn)
  return {
    text,
    names: new Set(names),
    samples,
    sum(name, labels = {}) {
      const found = samples.filter(
        (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
      )
      return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
    },
  }
}

function sampleIn(line: string): Sample {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
  if (name === '' || Number.isNaN(Number(value.replace('Inf', 'Infinity')))) throw new TypeError(`not in the format: ${line}`)
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [label, text])
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) }
}
