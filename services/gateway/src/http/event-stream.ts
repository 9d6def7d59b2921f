import type { FastifyReply } from 'fastify'

/** Server-sent events on one answer (HTML Standard §9.2). */
export interface EventStream {
  /** Aborts when the reader has gone. */
  readonly signal: AbortSignal
  send(event: { readonly event?: string; readonly id?: string; readonly data: string }): void
  /** Resolves when the reader has taken what was sent, so that a slow one does not fill our memory. */
  drained(): Promise<void>
  end(): void
}

/** Proxies drop connections on which nothing moves, usually after a minute. */
const HEARTBEAT_MS = 15_000

/** Takes the answer over from the framework, keeping the headers that were set. */
export function openEventStream(reply: FastifyReply): EventStream {
  const gone = new AbortController()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  reply.hijack()
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  })
  raw.flushHeaders()
  const heartbeat = setInterval(() => raw.write(': \n\n'), HEARTBEAT_MS)
  const close = (): void => {
    clearInterval(heartbeat)
    gone.abort()
  }
  raw.once('close', close)
  return {
    signal: AbortSignal.any([gone.signal, reply.server.closing.signal]),
    send({ event, id, data }) {
      const lines = [...(event === undefined ? [] : [`event: ${event}`]), ...(id === undefined ? [] : [`id: ${id}`]), `data: ${data}`]
      raw.write(`${lines.join('\n')}\n\n`)
    },
    async drained() {
      if (!raw.writableNeedDrain || gone.signal.aborted) return
      await new Promise<void>((resolve) => {
        raw.once('drain', resolve)
        gone.signal.addEventListener('abort', () => resolve(), { once: true })
      })
    },
    end() {
      close()
      raw.end()
    },
  }
}
