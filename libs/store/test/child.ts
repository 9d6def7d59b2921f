import { writeSync } from 'node:fs'
import { isCoded } from '@credence/errors'
import { systemRandom } from '@credence/service'
import { type Doc, type DocumentStore, openSqliteStore } from '../src/index.ts'

/** Another process with the store: `child.ts <what to do> <file>`. Says on stdout what was acknowledged, a line each. */
interface Counted extends Doc {
  readonly count: number
  readonly filler: string
}

const WRITERS = 8

async function writeForEver(store: DocumentStore, filler: string): Promise<void> {
  const counters = await store.collection<Counted>({ name: 'crash_counters', indexes: [{ name: 'by_count', members: ['count'] }] })
  const facts = await store.collection<Counted>({ name: 'crash_facts', indexes: [{ name: 'by_count', members: ['count'] }] })
  const run = systemRandom.bytes(8).join('')
  const count = async (writer: number): Promise<never> => {
    const id = `${run}-${writer}`
    let current = await counters.insert({ id, v: 1, count: 0, filler })
    for (;;) {
      current = await counters.replace({ ...current, count: current.count + 1 }, current.rev)
      say(`counter ${id} ${current.count}`)
      const fact = await facts.insert({ id: `${id}-${current.count}`, v: 1, count: current.count, filler })
      say(`fact ${fact.id} ${fact.count}`)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => count(writer)))
}

/** Synchronous: a line that was said is out of the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

async function main(task: string | undefined, file: string): Promise<void> {
  const store = await openSqliteStore({ file, random: systemRandom })
  say('open')
  if (task === 'write') await writeForEver(store, 'x'.repeat(100))
  if (task === 'fill') await writeForEver(store, 'x'.repeat(20_000))
  // `hold` keeps the store open until the process is killed.
}

const [, , task, file = ''] = process.argv
try {
  await main(task, file)
} catch (error) {
  if (!isCoded(error)) throw error
  say(`refused ${error.code} ${error.details.facts?.fault}`)
  process.exit(3)
}
