import { spawnSync } from 'node:child_process'
import { startPlatform } from '../../support/platform.ts'
import type { Group } from '../bench.ts'
import { figure } from '../print-table.ts'
import { median } from '../runner.ts'

/** How long the platform takes to be there. */
export const START_ROWS: Group = {
  ids: ['U1'],
  async run(bench) {
    const home = bench.folder('start')
    // The first start makes keys and certificates, and Node's compile cache.
    await timeToHealthy(home)
    const platforms: number[] = []
    const nodes: number[] = []
    for (let round = 0; round < bench.effort.rounds; round++) {
      nodes.push(timeOfNode())
      platforms.push(await timeToHealthy(home))
    }
    return [
      {
        id: 'U1',
        title: '`credence dev` until all is healthy',
        baseline: '`node -e 0`',
        unit: '×',
        goal: 50,
        better: 'lower',
        values: platforms.map((ms, i) => ms / (nodes[i] ?? Number.NaN)),
        note: `${figure(median(platforms))} ms against ${figure(median(nodes))} ms`,
      },
    ]
  },
}

async function timeToHealthy(home: string): Promise<number> {
  const start = performance.now()
  const platform = await startPlatform({ home })
  const ms = performance.now() - start
  await platform.process.stop()
  return ms
}

function timeOfNode(): number {
  const start = performance.now()
  spawnSync(process.execPath, ['-e', '0'])
  return performance.now() - start
}
