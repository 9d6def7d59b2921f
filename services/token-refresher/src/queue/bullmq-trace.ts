import { traceHeaders, withTraceFrom } from '@credence/service'
import type { Span, Telemetry } from 'bullmq'
import { BullMQOtel } from 'bullmq-otel'

/**
 * BullMQ's own spans are not made: it writes options of jobs and messages of errors into them. What is seen of a job is the
 * span of who puts it in, and under it the span of who handles it.
 */
const UNSEEN: Span = {
  setSpanOnContext: (context) => context,
  setAttribute: () => undefined,
  setAttributes: () => undefined,
  addEvent: () => undefined,
  recordException: () => undefined,
  end: () => undefined,
}

/** Carries the trace of whoever schedules a job to whoever handles it, as a `traceparent` (W3C Trace Context) beside the job. */
export function jobTelemetry(): Telemetry {
  const { contextManager } = new BullMQOtel()
  return {
    tracer: { startSpan: () => UNSEEN },
    contextManager: {
      active: () => contextManager.active(),
      with: (context, work) => contextManager.with(context, work),
      getMetadata: (context) => contextManager.with(context, () => traceHeaders().traceparent ?? ''),
      // What is in Redis may be forged: what is no traceparent starts a new trace.
      fromMetadata: (_, traceparent) => withTraceFrom(traceparent, () => contextManager.active()),
    },
  }
}
