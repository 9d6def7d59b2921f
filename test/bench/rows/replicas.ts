import type { Group } from '../bench.ts'
export const REPLICA_ROWS: Group = { ids: ['E2.replicas', 'F1.replicas'], run: async () => [] }
