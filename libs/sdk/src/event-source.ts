/** One message of a `text/event-stream` (HTML Standard §9.2.6). */
export interface StreamMessage {
  /** `message` when the stream names none. */
  readonly event: string
  readonly data: string
  /** The last id that the stream gave, of this message or of one before. */
  readonly lastEventId: string
}

/** A line without an end would fill the memory of the reader. */
const LONGEST_LINE = 1024 * 1024

/** Reads the messages of a stream; comments, and fields that are not known, are passed over. An unfinished last message is dropped. */
export async function* readEventStream(
  body: AsyncIterable<Uint8Array> | readonly Uint8Array[],
  lastEventId = '',
): AsyncGenerator<StreamMessage> {
  let event = ''
  let data: string[] = []
  let id = lastEventId
  for await (const line of linesOf(body)) {
    if (line === '') {
      if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n'), lastEventId: id }
      event = ''
      data = []
      continue
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
    if (field === 'id' && !value.includes('\0')) id = value
  }
}

/** Lines end in CR, LF or both. A CR ends its line at once; the LF that may come in the next chunk is then no line of its own. */
async function* linesOf(body: AsyncIterable<Uint8Array> | readonly Uint8Array[]): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  let endedInReturn = false
  for await (const chunk of body) {
    const text = decoder.decode(chunk, { stream: true })
    if (text === '') continue
    rest += endedInReturn && text.startsWith('\n') ? text.slice(1) : text
    endedInReturn = text.endsWith('\r')
    const lines = rest.split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    if (rest.length > LONGEST_LINE) throw new RangeError('a line of the stream is longer than a megabyte')
    yield* lines
  }
}
