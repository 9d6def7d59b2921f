import { defineConfig } from 'vitest/config'

/** Three projects: what `npm test` runs, and the two that need a browser or outside tools. */
const projects = {
  default: { include: ['{libs,services,proto}/**/*.test.ts', 'test/system/**/*.test.ts'] },
  browser: { include: ['test/browser/**/*.test.ts'] },
  tools: { include: ['test/tools/**/*.test.ts'] },
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: Object.entries(projects).map(([name, { include }]) => ({
      test: {
        name,
        include,
        exclude: ['**/node_modules/**'],
        testTimeout: 30_000,
        hookTimeout: 120_000,
        fileParallelism: name === 'default',
      },
    })),
  },
})
