import { type ClusterArena, openClusterArena } from './arena.ts'
import type { ScenarioOptions, ScenarioReport } from './scenario.ts'
import { CLUSTER_SETTINGS } from './settings.ts'

/** Opens an arena when somebody first asks for it, and closes it when it was. */
export interface SharedArena {
  arena(): Promise<ClusterArena>
  close(): Promise<void>
}

export function shareArena(note: (line: string) => void): SharedArena {
  let opened: Promise<ClusterArena> | undefined
  return {
    arena() {
      if (opened === undefined) {
        opened = openClusterArena()
        note(`the settings of every replica: ${settingsText()}`)
      }
      return opened
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

function settingsText(): string {
  return Object.entries(CLUSTER_SETTINGS)
    .map(([name, value]) => `${name.replace('CREDENCE_', '')}=${value}`)
    .join(' ')
}

/** Runs in the shared arena, or in one of its own that is closed afterwards. */
export async function inArena(options: ScenarioOptions, work: (arena: ClusterArena) => Promise<ScenarioReport>): Promise<ScenarioReport> {
  if (options.arena !== undefined) return work(await options.arena())
  const own = shareArena(options.note)
  try {
    return await work(await own.arena())
  } finally {
    await own.close()
  }
}
