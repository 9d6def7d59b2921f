import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readEventStream, type StreamMessage } from './event-source.ts'

async function read(chunks: readonly Uint8Array[], lastEventId?: string): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = []
  for await (const message of readEventStream(chunks, lastEventId)) messages.push(message)
  return messages
}

const whole = (text: string): Uint8Array[] => [Buffer.from(text)]

describe('an event stream', () => {
  test('is the same however its bytes are torn and its lines end', async () => {
    const lines = ['id: 1', 'event: näme', 'data: {"a":', 'data: "ü😀"}', '', ': comment', 'data:no blank', '', '']
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 90 })), fc.constantFrom('\n', '\r\n', '\r'), async (cuts, end) => {
        const bytes = Buffer.from(lines.join(end))
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
        const messages = await read(at.slice(1).map((to, i) => bytes.subarray(at[i], to)))
        expect(messages).toEqual([
          { event: 'näme', data: '{"a":\n"ü😀"}', lastEventId: '1' },
          { event: 'message', data: 'no blank', lastEventId: '1' },
        ])
      }),
    )
  })

  test('drops a last message that was not finished, and one without data', async () => {
    expect(await read(whole('event: a\n\ndata: 1\n\ndata: 2'))).toEqual([{ event: 'message', data: '1', lastEventId: '' }])
  })

  test('keeps the last id, also one from before, and takes none with a NUL', async () => {
    expect((await read(whole('data: 1\n\nid: a\0b\ndata: 2\n\nid\ndata: 3\n\n'), 'x')).map(({ lastEventId }) => lastEventId)).toEqual([
      'x',
      'x',
      '',
    ])
  })

  test('a line without an end does not fill the memory', async () => {
    const mebibyte = Buffer.alloc(1024 * 1024, 'a')
    await expect(read([mebibyte, mebibyte])).rejects.toThrow(RangeError)
  })
})
