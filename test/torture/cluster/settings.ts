import { REFRESH_SETTINGS } from '../arena.ts'

/** As on one machine, with a longer deadline: here a dozen processes and three engines share it. */
export const CLUSTER_SETTINGS: Readonly<Record<string, string>> = {
  ...REFRESH_SETTINGS,
  CREDENCE_REFRESH_DEADLINE_MS: '1500',
  CREDENCE_REFRESH_SAVE_MS: '1000',
  CREDENCE_LINGER_MS: '300',
}

export const DEADLINE_MS: number = Number(CLUSTER_SETTINGS.CREDENCE_REFRESH_DEADLINE_MS)
export const LEASE_MS: number = Number(CLUSTER_SETTINGS.CREDENCE_REFRESH_LEASE_MS)
export const SAVE_MS: number = Number(CLUSTER_SETTINGS.CREDENCE_REFRESH_SAVE_MS)
