import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A span as a collector gets it. */
export interface ReceivedSpan {
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A collector on loopback: takes OTLP over HTTP with JSON, and keeps the bodies as they came. */
export interface OtlpSink {
  readonly url: string
  readonly bodies: string[]
  spans(): ReceivedSpan[]
  close(): Promise<void>
}

interface Exported {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Attribute[] }
    readonly scopeSpans?: readonly { readonly spans?: readonly ExportedSpan[] }[]
  }[]
}
interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}
interface ExportedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly attributes?: readonly Attribute[]
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const bodies: string[] = []
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString('utf8'))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    bodies,
    spans: () => bodies.flatMap((body) => spansOf(JSON.parse(body) as Exported)),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function spansOf({ resourceSpans = [] }: Exported): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = String(valuesOf(resource?.attributes)['service.name'] ?? '')
    return scopeSpans.flatMap(({ spans = [] }) =>
      spans.map(({ name, traceId, spanId, parentSpanId = '', attributes }) => ({
        service,
        name,
        traceId,
        spanId,
        parentSpanId,
        attributes: valuesOf(attributes),
      })),
    )
  })
}

function valuesOf(attributes: readonly Attribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

/**
 * For each span of a name the services on the way from it up to the beginning of its trace, each once. Processes send their
 * spans when they like: the last that has come need not be the last that was made.
 */
export function ancestries(
  spans: readonly ReceivedSpan[],
  start: { readonly traceId: string; readonly name: string },
): readonly (readonly string[])[] {
  const trace = spans.filter(({ traceId }) => traceId === start.traceId)
  const byId = new Map(trace.map((span) => [span.spanId, span]))
  const wayOf = (span: ReceivedSpan): readonly string[] => {
    const services = new Set<string>()
    for (let at: ReceivedSpan | undefined = span; at !== undefined; at = byId.get(at.parentSpanId)) services.add(at.service)
    return [...services]
  }
  return trace.filter(({ name }) => name === start.name).map(wayOf)
}
