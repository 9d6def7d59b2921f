import type { Flow } from './flow.ts'
import type { Door } from './visit.ts'

export interface ConnectSite {
  readonly flow: Flow
  readonly door: Door
  readonly adminUrl: string
}
