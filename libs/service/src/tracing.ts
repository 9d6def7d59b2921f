import { isCoded } from '@credence/errors'
import { type Context, context, createContextKey, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import { keepFields, type LogFields } from './fields.ts'

/** The spans of one service. Services that share a process have one each, so that each shows under its own name. */
export interface Tracing {
  /** Runs `fn` in a span of this service; spans opened inside it by `span` are of this service too. */
  span<T>(name: string, fields: LogFields, fn: () => T): T
  /** Sends what is waiting and stops; spans after it are not exported. */
  shutdown(): Promise<void>
}

/** Which service the running code belongs to: set at a service's edge, read by the libraries below it. */
const SERVICE = createContextKey('credence service')
const ids = new RandomIdGenerator()
/** A collector that is away must not hold up a stop. */
const EXPORT_TIMEOUT_MS = 2000
const EXPORT_DELAY_MS = 500

/**
 * Starts the spans of a service. With `endpoint` (OTEL_EXPORTER_OTLP_ENDPOINT, no path) they go to `{endpoint}/v1/traces`
 * as OTLP over HTTP with JSON; without it they are only ids in the context, which still reach answers, logs and other services.
 */
export function startTracing(options: { readonly serviceName: string; readonly endpoint?: string | undefined }): Tracing {
  useContexts()
  if (options.endpoint === undefined) return { span: unrecorded, shutdown: async () => undefined }
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.serviceName, 'service.namespace': 'credence' }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({
          url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces`,
          timeoutMillis: EXPORT_TIMEOUT_MS,
        }),
        scheduledDelayMillis: EXPORT_DELAY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('credence')
  return {
    span: (name, fields, fn) => recorded(tracer, name, fields, fn),
    // A collector that cannot be reached is the operator's loss of spans, not a failed stop.
    shutdown: () => provider.shutdown().catch(() => undefined),
  }
}

/**
 * Runs `fn` in a span of the service that the current context belongs to; outside of any service the span is ids only.
 * The result is `fn`'s own: a promise ends the span when it settles. A failure marks the span with its code, never with text.
 */
export function span<T>(name: string, fields: LogFields, fn: () => T): T {
  useContexts()
  const tracer = context.active().getValue(SERVICE) as Tracer | undefined
  return tracer === undefined ? unrecorded(name, fields, fn) : recorded(tracer, name, fields, fn)
}

/** The header that carries the current trace to another service (W3C Trace Context §3.2); empty outside of a span. */
export function traceHeaders(): Record<string, string> {
  const current = trace.getSpanContext(context.active())
  if (current === undefined) return {}
  return { traceparent: `00-${current.traceId}-${current.spanId}-${current.traceFlags.toString(16).padStart(2, '0')}` }
}

/**
 * Runs `fn` as part of the trace that a caller sent. A missing or malformed header starts a new trace, as W3C Trace Context
 * §3.2.2.3 orders; `tracestate` is not carried, because its content is a stranger's.
 */
export function withTraceFrom<T>(traceparent: string | undefined, fn: () => T): T {
  useContexts()
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/.exec(traceparent ?? '')
  const [, traceId = '', spanId = '', flags = ''] = match ?? []
  if (!/[1-9a-f]/.test(traceId) || !/[1-9a-f]/.test(spanId) || traceparent?.startsWith('ff')) {
    return context.with(trace.deleteSpan(context.active()), fn)
  }
  const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true }
  return context.with(trace.setSpanContext(context.active(), parent), fn)
}

/** 32 hex digits, for errors and log lines; undefined outside of a span. */
export function currentTraceId(): string | undefined {
  return trace.getSpanContext(context.active())?.traceId
}

let contextsInUse = false

/** The API keeps one context manager per process; without it no context passes an `await`. */
function useContexts(): void {
  if (contextsInUse) return
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  contextsInUse = true
}

/** Ids without a record. A new trace counts as sampled, so that a service with an exporter further on records its part. */
function unrecorded<T>(_name: string, _fields: LogFields, fn: () => T): T {
  const parent = trace.getSpanContext(context.active())
  const own = {
    traceId: parent?.traceId ?? ids.generateTraceId(),
    spanId: ids.generateSpanId(),
    traceFlags: parent?.traceFlags ?? TraceFlags.SAMPLED,
  }
  return context.with(trace.setSpanContext(context.active(), own), fn)
}

function recorded<T>(tracer: Tracer, name: string, fields: LogFields, fn: () => T): T {
  const started = tracer.startSpan(name, { attributes: keepFields(fields) }, context.active())
  const inside: Context = trace.setSpan(context.active().setValue(SERVICE, tracer), started)
  const fail = (error: unknown): never => {
    started.setAttribute('code', isCoded(error) ? error.code : 'INTERNAL')
    started.setStatus({ code: SpanStatusCode.ERROR })
    started.end()
    throw error
  }
  let result: T
  try {
    result = context.with(inside, fn)
  } catch (error) {
    return fail(error)
  }
  if (!(result instanceof Promise)) {
    started.end()
    return result
  }
  return result.then((value) => {
    started.end()
    return value
  }, fail) as T
}
