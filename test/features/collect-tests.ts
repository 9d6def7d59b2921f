import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createVitest, type TestModule } from 'vitest/node'

const ROOT: string = fileURLToPath(new URL('../../', import.meta.url))
const ID = /\[([SCB]\d*-\d+)\]/g

/** A test that names promises, in one project of vitest.config.ts. */
export interface NamingTest {
  /** From the root of the repository. */
  readonly file: string
  readonly project: string
  readonly title: string
  readonly ids: readonly string[]
}

/** Reads the titles of all projects from the files' syntax; nothing is run. A `test.each` counts once. */
export async function collectTests(): Promise<readonly NamingTest[]> {
  const vitest = await createVitest('test', { root: ROOT, watch: false, run: true, reporters: [] })
  try {
    const all = await vitest.globTestSpecifications()
    // Most files name no promise, and parsing is what takes long.
    const naming = all.filter(({ moduleId }) => idsOf(readFileSync(moduleId, 'utf8')).length > 0)
    return (await vitest.parseSpecifications(naming)).flatMap(testsOf)
  } finally {
    await vitest.close()
  }
}

function testsOf(module: TestModule): readonly NamingTest[] {
  return [...module.children.allTests()].flatMap(({ fullName }) => {
    const ids = idsOf(fullName)
    return ids.length === 0 ? [] : [{ file: module.relativeModuleId, project: module.project.name, title: fullName, ids }]
  })
}

function idsOf(text: string): readonly string[] {
  return [...new Set([...text.matchAll(ID)].map(([, id = '']) => id))]
}
