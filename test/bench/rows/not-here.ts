import type { Group } from '../bench.ts'

/** Rows of the profile with outside services, which does not exist in this tree. */
export const ROWS_OF_OTHER_PROFILES: Group = {
  ids: ['S4', 'E1', 'E3'],
  async run() {
    const facts = { baseline: 'none', unit: '', better: 'lower' } as const
    return [
      { ...facts, id: 'S4', title: 'Redis bytes per idle credential outside the window', goal: 0, reason: 'needs Redis' },
      { ...facts, id: 'E1', title: 'change committed → subscriber called, c=1, p50', goal: 2, reason: 'needs JetStream' },
      {
        ...facts,
        id: 'E3',
        title: 'JetStream ack throughput with fsync always',
        goal: undefined,
        better: 'higher',
        reason: 'needs JetStream',
      },
    ]
  },
}
