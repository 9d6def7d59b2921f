import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 20
const NS_PER_S = 1e9

type ProcessGauge = 'credence_process_resident_bytes' | 'credence_process_heap_bytes' | 'credence_event_loop_lag_seconds'

interface Observer {
  observe(name: ProcessGauge, read: () => readonly { readonly value: number }[]): void
}

/** What the process tells of itself: its memory, and whether its event loop is held up. */
export function observeProcess(metrics: Observer): void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  metrics.observe('credence_process_resident_bytes', () => [{ value: process.memoryUsage.rss() }])
  metrics.observe('credence_process_heap_bytes', () => [{ value: process.memoryUsage().heapUsed }])
  metrics.observe('credence_event_loop_lag_seconds', () => {
    // The delay that is measured has the resolution in it.
    const value = Math.max(delay.percentile(99) / NS_PER_S - RESOLUTION_MS / 1000, 0)
    delay.reset()
    return [{ value: Number.isFinite(value) ? value : 0 }]
  })
}
