import type { NamingTest } from './collect-tests.ts'
import { CHAPTERS, mustStand } from './promises.ts'

const PROMISES: Readonly<Record<string, string>> = Object.assign({}, ...CHAPTERS.map(({ promises }) => promises))

/** What the tests of one promise show. */
export interface Proof {
  /** How many tests name it, by file. */
  readonly files: ReadonlyMap<string, number>
  /** Through the public surface: in a file under test/, on this profile. */
  readonly embedded: boolean
  readonly distributed: boolean
}

const HEAD = `# Promises and their tests

What Credence promises, and the tests that hold it to that. \`npm test -- --id S1-1\` runs the tests of one promise.

**Public**: a test goes in by the doors that users have (REST, gRPC, command line, SDK, pages). **Embedded** and **distributed**: it does so on
that profile. The number behind a file is that of its tests that name the promise; a table of cases counts once.

<!-- Made by test/system/features.test.ts: change the tests, or test/features/promises.ts. -->
`

/** `docs/features.md`. */
export function featureTable(tests: readonly NamingTest[]): string {
  const chapters = CHAPTERS.map(({ heading, promises }) => {
    const rows = Object.entries(promises).map(([id, promise]) => rowOf(id, { promise, proof: proofOf(id, tests) }))
    return `\n## ${heading}\n\n| id | promise | public | embedded | distributed | tests |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return HEAD + chapters.join('')
}

function rowOf(id: string, { promise, proof }: { promise: string; proof: Proof }): string {
  const yes = (is: boolean): string => (is ? 'yes' : '–')
  const files = [...proof.files].map(([file, count]) => `\`${file}\` ${count}`)
  const marks = [proof.embedded || proof.distributed, proof.embedded, proof.distributed].map(yes)
  return `| ${[id, promise, ...marks, files.join(', ') || '–'].join(' | ')} |`
}

export function proofOf(id: string, tests: readonly NamingTest[]): Proof {
  const naming = tests.filter(({ ids }) => ids.includes(id))
  const open = naming.filter(({ file }) => file.startsWith('test/'))
  const files = new Map<string, Set<string>>()
  // A file of test/system/both is in two projects, and is counted once.
  for (const { file, title } of naming) files.set(file, (files.get(file) ?? new Set()).add(title))
  const sorted = [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))
  return {
    files: new Map(sorted.map(([file, titles]) => [file, titles.size])),
    embedded: open.some(({ project }) => project !== 'engines'),
    distributed: open.some(({ project }) => project === 'engines'),
  }
}

/** Titles that name a promise nobody made. */
export function unknownIds(tests: readonly NamingTest[]): readonly string[] {
  return tests.flatMap(({ ids, file }) => ids.filter((id) => !(id in PROMISES)).map((id) => `${file} names ${id}, which is no promise`))
}

/** What lacks a test through the public surface on one of the profiles: `S0-7 distributed`. */
export function missingProofs(tests: readonly NamingTest[]): readonly string[] {
  return Object.keys(PROMISES)
    .filter(mustStand)
    .flatMap((id) => {
      const proof = proofOf(id, tests)
      return (['embedded', 'distributed'] as const).filter((profile) => !proof[profile]).map((profile) => `${id} ${profile}`)
    })
}
