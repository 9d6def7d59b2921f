import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CodedError } from '@credence/errors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogFields } from './fields.ts'
import { currentTraceId, span, startTracing, traceHeaders, withTraceFrom } from './tracing.ts'

interface ReceivedSpan {
  service: string
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: Record<string, unknown>
  failed: boolean
}

const received: ReceivedSpan[] = []
const raw: string[] = []
let endpoint = ''

/** A collector: takes OTLP over HTTP with JSON and keeps what came. */
const collector = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    raw.push(`${request.url} ${body}`)
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const service = valuesOf(resource.attributes)['service.name'] as string
      for (const { spans } of scopeSpans) {
        for (const { attributes, status, ...rest } of spans) {
          received.push({ ...rest, service, attributes: valuesOf(attributes), failed: status.code === 2 })
        }
      }
    }
    response.setHeader('content-type', 'application/json').end('{}')
  })
})

function valuesOf(attributes: { key: string; value: Record<string, unknown> }[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
})
afterAll(() => {
  collector.closeAllConnections()
  collector.close()
})

const spanNamed = (name: string): ReceivedSpan => {
  const found = received.find((one) => one.name === name)
  if (found === undefined) throw new TypeError(`no span ${name}`)
  return found
}

describe('spans with a collector', () => {
  test('of two services in one process join one trace under their own names', async () => {
    const gateway = startTracing({ serviceName: 'gateway', endpoint })
    const vault = startTracing({ serviceName: 'vault', endpoint: `${endpoint}/` })
    await gateway.span('gateway.request', { credential_id: 'cred_a' }, async () => {
      const headers = traceHeaders()
      await Promise.resolve()
      // What happens at the other end of a socket: a foreign context that knows only the header.
      await withTraceFrom(headers.traceparent, () =>
        vault.span('vault.send', {}, async () => span('egress.call', { url_host: 'a.example' }, () => 1)),
      )
    })
    await Promise.all([gateway.shutdown(), vault.shutdown()])
    const [outer, middle, inner] = ['gateway.request', 'vault.send', 'egress.call'].map(spanNamed)
    expect(raw.every((request) => request.startsWith('/v1/traces '))).toBe(true)
    expect([outer?.service, middle?.service, inner?.service]).toEqual(['gateway', 'vault', 'vault'])
    expect(new Set([outer?.traceId, middle?.traceId, inner?.traceId]).size).toBe(1)
    expect([middle?.parentSpanId, inner?.parentSpanId]).toEqual([outer?.spanId, middle?.spanId])
    expect(outer?.attributes).toEqual({ credential_id: 'cred_a' })
    expect(inner?.attributes).toEqual({ url_host: 'a.example' })
  })

  test('carry a failure as its code and nothing of its text', async () => {
    const tracing = startTracing({ serviceName: 'registry', endpoint })
    const fields = { credential_id: 'canary text', authorization: 'canary-2' } as LogFields
    await expect(tracing.span('coded', fields, async () => Promise.reject(new CodedError('NOT_FOUND', 'canary-3')))).rejects.toThrow()
    expect(() => tracing.span('bug', {}, () => JSON.parse('canary-4'))).toThrow(SyntaxError)
    await tracing.shutdown()
    expect(spanNamed('coded')).toMatchObject({ failed: true, attributes: { code: 'NOT_FOUND' } })
    expect(spanNamed('bug')).toMatchObject({ failed: true, attributes: { code: 'INTERNAL' } })
    expect(raw.join()).not.toContain('canary')
  })

  test('are lost without harm when nobody listens', async () => {
    const tracing = startTracing({ serviceName: 'lost', endpoint: 'http://127.0.0.1:9' })
    expect(tracing.span('x', {}, () => 5)).toBe(5)
    await tracing.shutdown()
  })
})

describe('spans without a collector', () => {
  test('still have one trace id that passes awaits and travels on', async () => {
    const tracing = startTracing({ serviceName: 'quiet' })
    expect(currentTraceId()).toBeUndefined()
    expect(traceHeaders()).toEqual({})
    await tracing.span('outer', {}, async () => {
      const id = currentTraceId()
      expect(id).toMatch(/^[0-9a-f]{32}$/)
      await new Promise((resolve) => setImmediate(resolve))
      expect(span('inner', {}, () => currentTraceId())).toBe(id)
      expect(traceHeaders().traceparent).toMatch(new RegExp(`^00-${id}-[0-9a-f]{16}-01$`))
    })
    expect(currentTraceId()).toBeUndefined()
  })

  test('continue the trace of a caller and start anew on a header that is not one', () => {
    const id = '4bf92f3577b34da6a3ce929d0e0e4736'
    expect(withTraceFrom(`00-${id}-00f067aa0ba902b7-01`, () => span('x', {}, currentTraceId))).toBe(id)
    expect(withTraceFrom(`00-${id}-00f067aa0ba902b7-00`, () => traceHeaders().traceparent)).toBe(`00-${id}-00f067aa0ba902b7-00`)
    const refused = [
      undefined,
      '',
      'x',
      `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      `00-${id}-${'0'.repeat(16)}-01`,
      `ff-${id}-00f067aa0ba902b7-01`,
    ]
    for (const header of refused) {
      const found = withTraceFrom(header, () => span('x', {}, currentTraceId))
      expect(found).toMatch(/^[0-9a-f]{32}$/)
      expect(found).not.toBe(id)
    }
  })

  test('do not lend their trace to a request that brings none', () => {
    const [outer, inner] = span('background', {}, () => [currentTraceId(), withTraceFrom(undefined, () => span('x', {}, currentTraceId))])
    expect(inner).not.toBe(outer)
  })
})
