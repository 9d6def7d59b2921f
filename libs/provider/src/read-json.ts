import { CodedError, type Fault } from '@credence/errors'
import { pointerTo } from './pointer.ts'

/** A payload is read whole, by every service that asks for it: beyond this it is not a provider but a load. */
export const MAX_PAYLOAD_BYTES: number = 256 * 1024
/** The deepest member of the schema is at 6; without a limit a small body can cost a deep stack later. */
export const MAX_PAYLOAD_DEPTH = 32

/** The JSON value of `bytes`, and its repeated members, which JSON.parse drops without a word. */
export function readJson(bytes: Uint8Array): { value: unknown; faults: Fault[] } {
  if (bytes.byteLength > MAX_PAYLOAD_BYTES) throw unreadable('TOO_LARGE', `Write at most ${MAX_PAYLOAD_BYTES / 1024} KiB.`)
  const text = decodeUtf8(bytes)
  const faults = repeatedMembers(text)
  try {
    return { value: JSON.parse(text), faults }
  } catch (error) {
    throw unreadable('INVALID_JSON', `Write one JSON value (RFC 8259)${placeOf(error)}.`)
  }
}

function unreadable(code: string, detail: string): CodedError {
  return new CodedError('INVALID_PROVIDER', undefined, { faults: [{ pointer: '', code, detail }] })
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw unreadable('INVALID_JSON', 'Write the JSON in UTF-8.')
  }
}

/** The engine's message quotes the input; only its line and column are passed on, where it has them. */
function placeOf(error: unknown): string {
  const place = error instanceof Error ? /\(line (\d+) column (\d+)\)/.exec(error.message) : null
  return place === null ? '' : `; it breaks at line ${place[1]}, column ${place[2]}`
}

/** More than anyone corrects one by one. */
const MAX_REPEATED = 100

interface Frame {
  /** Member names met so far; undefined in a list. */
  readonly names: Set<string> | undefined
  /** The member or item that is being read. */
  at: string | number
  expectsName: boolean
}

/** Walks the text without building anything, so that depth is refused before a value exists. Broken JSON is left to JSON.parse. */
function repeatedMembers(text: string): Fault[] {
  const faults: Fault[] = []
  const frames: Frame[] = []
  for (let i = 0; i < text.length; i++) {
    const frame = frames.at(-1)
    switch (text[i]) {
      case '{':
      case '[':
        if (frames.length === MAX_PAYLOAD_DEPTH) throw unreadable('TOO_DEEP', `Nest at most ${MAX_PAYLOAD_DEPTH} levels.`)
        frames.push(text[i] === '{' ? { names: new Set(), at: '', expectsName: true } : { names: undefined, at: 0, expectsName: false })
        break
      case '}':
      case ']':
        frames.pop()
        break
      case ',':
        if (frame?.names !== undefined) frame.expectsName = true
        else if (frame !== undefined) frame.at = Number(frame.at) + 1
        break
      case '"': {
        const end = endOfString(text, i)
        if (frame?.expectsName) noteName(text.slice(i, end + 1), frames, faults)
        i = end
      }
    }
  }
  return faults
}

function endOfString(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1
  return i
}

function noteName(quoted: string, frames: readonly Frame[], faults: Fault[]): void {
  const frame = frames.at(-1)
  const name = unquoted(quoted)
  if (frame?.names === undefined || name === undefined) return
  frame.expectsName = false
  frame.at = name
  if (frame.names.has(name) && faults.length < MAX_REPEATED) {
    const pointer = pointerTo('', ...frames.map(({ at }) => at))
    faults.push({ pointer, code: 'DUPLICATE_MEMBER', detail: 'Write this member once; it stands here more than once.' })
  }
  frame.names.add(name)
}

function unquoted(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return undefined
  }
}
