import { traceHeaders, withTraceFrom } from '@credence/service'
import type { Telemetry } from 'bullmq'
import { BullMQOtel } from 'bullmq-otel'

/**
 * Carries the trace of whoever schedules a job to whoever handles it. The spans are those of the services around it: BullMQ
 * would write job options and messages of errors into its own, and there is no global exporter that would take them.
 */
export function jobTelemetry(): Telemetry {
  const { tracer, contextManager } = new BullMQOtel({ tracerName: 'credence' })
  return {
    tracer,
    contextManager: {
      active: () => contextManager.active(),
      with: (context, work) => contextManager.with(context, work),
      getMetadata: (context) => contextManager.with(context, () => traceHeaders().traceparent ?? ''),
      // What is in Redis may be forged: what is no traceparent starts a new trace.
      fromMetadata: (_, traceparent) => withTraceFrom(traceparent, () => contextManager.active()),
    },
  }
}
