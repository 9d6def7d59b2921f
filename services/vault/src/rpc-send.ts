import { CodedError } from '@credence/errors'
import type { DeepPartial, SendRequest, SendResponse } from '@credence/proto/vault'
import type { RpcContext } from '@credence/rpc'
import { type SendContext, send } from './credential/send.ts'

const CHUNK_BYTES = 64 * 1024

/** gRPC `Send`: the head, then chunks, both ways. A caller that goes away ends the call upstream. */
export async function* sendStream(
  vault: SendContext,
  requests: AsyncIterable<SendRequest>,
  context: Pick<RpcContext, 'principal' | 'signal'>,
): AsyncGenerator<DeepPartial<SendResponse>> {
  const parts = requests[Symbol.asyncIterator]()
  const first = await parts.next()
  if (first.done || first.value.part?.$case !== 'head') throw new CodedError('INVALID_REQUEST', 'The first message must be the head.')
  const head = first.value.part.value
  const length = head.headers.find(({ name }) => name.toLowerCase() === 'content-length')?.value
  const bodiless = head.method === 'GET' || head.method === 'HEAD'
  const answer = await send(vault, context.principal, {
    credentialId: head.credentialId,
    method: head.method,
    path: head.path,
    headers: head.headers.map(({ name, value }) => [name, value] as const),
    consumer: head.consumer,
    noReplay: head.noReplay,
    ...(bodiless && length === undefined ? {} : { body: chunksOf(parts) }),
    ...(length === undefined || !/^\d+$/.test(length) ? {} : { contentLength: Number(length) }),
    signal: context.signal,
  })
  const headers = answer.headers.map(([name, value]) => ({ name, value }))
  yield { part: { $case: 'head', value: { status: answer.status, headers, replayed: answer.replayed } } }
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.byteLength; at += CHUNK_BYTES)
      yield { part: { $case: 'chunk', value: chunk.subarray(at, at + CHUNK_BYTES) } }
  }
}

async function* chunksOf(parts: AsyncIterator<SendRequest>): AsyncGenerator<Uint8Array> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    if (next.value.part?.$case === 'chunk') yield next.value.part.value
  }
}
