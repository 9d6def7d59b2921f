import { CodedError } from '@credence/errors'
import type { DeepPartial, SendRequest, SendResponse } from '@credence/proto/vault'
import type { RpcContext } from '@credence/rpc'
import type { Callers } from './caller/caller.ts'
import { type SendContext, send } from './credential/send.ts'

const CHUNK_BYTES = 64 * 1024

/** gRPC `Send`: the head, then chunks, both ways. A caller that goes away ends the call upstream. */
export async function* sendStream(
  vault: SendContext & { readonly callers: Callers },
  requests: AsyncIterable<SendRequest>,
  context: Pick<RpcContext, 'principal' | 'signal'>,
): AsyncGenerator<DeepPartial<SendResponse>> {
  const parts = requests[Symbol.asyncIterator]()
  const first = await parts.next()
  if (first.done || first.value.part?.$case !== 'head') throw new CodedError('INVALID_REQUEST', 'The first message must be the head.')
  const head = first.value.part.value
  const length = head.headers.find(({ name }) => name.toLowerCase() === 'content-length')?.value
  const body = await bodyOf(parts, head.method, length)
  const answer = await send(vault, vault.callers.actFor(context.principal, head.user), {
    credentialId: head.credentialId,
    method: head.method,
    path: head.path,
    headers: head.headers.map(({ name, value }) => [name, value] as const),
    consumer: head.consumer,
    capability: head.capability,
    noReplay: head.noReplay,
    ...(body === undefined ? {} : { body }),
    ...(length === undefined || !/^\d+$/.test(length) ? {} : { contentLength: Number(length) }),
    signal: context.signal,
  })
  try {
    const headers = answer.headers.map(([name, value]) => ({ name, value }))
    yield { part: { $case: 'head', value: { status: answer.status, headers, replayed: answer.replayed } } }
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.byteLength; at += CHUNK_BYTES)
        yield { part: { $case: 'chunk', value: chunk.subarray(at, at + CHUNK_BYTES) } }
    }
  } finally {
    // Also for a caller who goes away between the head and the first chunk.
    answer.body.destroy()
  }
}

/** GET and HEAD have a body only where its length is said; for the others the first chunk is awaited, so that none is not sent as an empty one. */
async function bodyOf(
  parts: AsyncIterator<SendRequest>,
  method: string,
  length: string | undefined,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (length !== undefined) return chunksFrom(parts)
  if (method === 'GET' || method === 'HEAD') return undefined
  const first = await parts.next()
  return first.done ? undefined : chunksFrom(parts, first.value)
}

async function* chunksFrom(parts: AsyncIterator<SendRequest>, first?: SendRequest): AsyncGenerator<Uint8Array> {
  if (first?.part?.$case === 'chunk') yield first.part.value
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.part?.$case === 'chunk') yield next.value.part.value
  }
}
