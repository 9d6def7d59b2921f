import { defineConfig } from 'vitest/config'

/**
 * What `npm test` runs, and the projects that need a browser, outside tools, or the engines of the distributed profile.
 * `test/system/both` runs on each profile.
 */
const projects: Record<string, { include: string[]; exclude?: string[]; profile?: 'distributed' }> = {
  default: { include: ['{libs,services,proto}/**/*.test.ts', 'test/system/**/*.test.ts'], exclude: ['**/*.engines.test.ts'] },
  browser: { include: ['test/browser/**/*.test.ts'] },
  tools: { include: ['test/tools/**/*.test.ts'] },
  engines: { include: ['**/*.engines.test.ts', 'test/system/both/**/*.test.ts'], profile: 'distributed' },
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: Object.entries(projects).map(([name, { include, exclude = [], profile = 'embedded' }]) => ({
      test: {
        name,
        include,
        exclude: ['**/node_modules/**', ...exclude],
        testTimeout: 30_000,
        hookTimeout: 120_000,
        // A busy machine is slow and not wrong: what never comes is told shortly before the test's own end.
        expect: { poll: { timeout: 20_000 } },
        fileParallelism: name === 'default',
        provide: { profile },
      },
    })),
  },
})
