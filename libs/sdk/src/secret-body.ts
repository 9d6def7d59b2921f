/** A secret value on its way in: a string, or its bytes in UTF-8, which can be wiped by whoever holds them. */
export type SecretValue = string | Uint8Array

const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_PRINTABLE = 0x20
/** `\u001f` in place of one byte. */
const ESCAPE_GROWTH = 5

/**
 * A JSON object (RFC 8259) with its secret members put in as bytes, so that the whole never stands in a string. `under` is
 * the member that holds them; without it they stand beside the plain ones. The caller wipes the result after use.
 */
export function secretBody(plain: object, secrets: Readonly<Record<string, SecretValue>>, under?: string): Uint8Array<ArrayBuffer> {
  const pieces = Object.entries(secrets).map(([name, value]) => member(name, value))
  const inner = pieces.flatMap((piece, i) => (i === 0 ? [piece] : [Buffer.from(','), piece]))
  const opening = JSON.stringify(plain).slice(0, -1)
  const comma = opening === '{' || (under === undefined && pieces.length === 0) ? '' : ','
  const [before, after] = under === undefined ? ['', '}'] : [`${JSON.stringify(under)}:{`, '}}']
  const body = Buffer.concat([Buffer.from(opening + comma + before), ...inner, Buffer.from(after)])
  for (const piece of pieces) piece.fill(0)
  return body
}

function member(name: string, value: SecretValue): Buffer {
  const text = escaped(typeof value === 'string' ? Buffer.from(value) : value)
  const piece = Buffer.concat([Buffer.from(`${JSON.stringify(name)}:"`), text, Buffer.from('"')])
  text.fill(0)
  return piece
}

/** The bytes as they stand in a JSON text: quotation mark, backslash and control characters escaped. */
function escaped(bytes: Uint8Array): Buffer {
  let growth = 0
  for (const byte of bytes) growth += byte === QUOTE || byte === BACKSLASH ? 1 : byte < FIRST_PRINTABLE ? ESCAPE_GROWTH : 0
  const text = Buffer.alloc(bytes.byteLength + growth)
  let at = 0
  for (const byte of bytes) {
    if (byte === QUOTE || byte === BACKSLASH) text[at++] = BACKSLASH
    if (byte < FIRST_PRINTABLE) at += text.write(`\\u00${byte.toString(16).padStart(2, '0')}`, at, 'latin1')
    else text[at++] = byte
  }
  return text
}
