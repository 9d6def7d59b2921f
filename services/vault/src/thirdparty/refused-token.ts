import { Readable } from 'node:stream'
import type { OutboundResponse } from '@credence/egress'
import type { Recipe } from '@credence/provider'
import { scanJson } from '../grant/json-scan.ts'

/** An error body is small; a longer answer is none. */
const MOST_BYTES = 64 * 1024

/**
 * Whether an answer means that its token is refused, where the status alone does not say it. What was read for it is in the
 * answer that is given back, which stands in for the first one.
 */
export async function readRefusal(upstream: OutboundResponse, recipe: Recipe): Promise<{ upstream: OutboundResponse; refused: boolean }> {
  const declared = recipe.native?.refused
  if (declared === undefined || !declared.statuses.includes(upstream.status)) return { upstream, refused: false }
  const chunks: Buffer[] = []
  let bytes = 0
  const source = upstream.body[Symbol.asyncIterator]()
  let ended = false
  while (bytes <= MOST_BYTES && !ended) {
    const next: IteratorResult<Buffer> = await source.next()
    if (next.done === true) ended = true
    else {
      chunks.push(next.value)
      bytes += next.value.byteLength
    }
  }
  const refused = ended && saysSo(Buffer.concat(chunks), declared)
  const body = Readable.from(again(chunks, source), { objectMode: false })
  body.once('close', () => upstream.body.destroy())
  return { upstream: { ...upstream, body }, refused }
}

async function* again(chunks: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

function saysSo(json: Buffer, { pointer, values }: { readonly pointer: string; readonly values: readonly string[] }): boolean {
  const value = scanJson(json, [pointer])?.get(pointer)
  json.fill(0)
  if (value === undefined || value.kind === 'container') return false
  return values.includes(value.kind === 'string' ? value.bytes.toString('utf8') : value.text)
}
