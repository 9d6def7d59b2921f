import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** How often each needle lies in the writable memory of another process (Linux). */
export function scanMemory(pid: number, needles: Readonly<Record<string, Buffer>>): Record<string, number> {
  const found: Record<string, number> = Object.fromEntries(Object.keys(needles).map((name) => [name, 0]))
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const { start, size } of writableRegions(pid)) {
      const bytes = regionBytes(memory, start, size)
      for (const [name, needle] of Object.entries(needles)) found[name] = (found[name] ?? 0) + occurrences(bytes, needle)
    }
  } finally {
    closeSync(memory)
  }
  return found
}

/** Larger than any heap here: address space that is reserved and not used. */
const MOST_REGION_BYTES = 1024 ** 3

function writableRegions(pid: number): { start: number; size: number }[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line))
    .filter((match) => match !== null)
    .map(([, from = '', to = '']) => ({ start: Number.parseInt(from, 16), size: Number.parseInt(to, 16) - Number.parseInt(from, 16) }))
    .filter(({ size }) => size <= MOST_REGION_BYTES)
}

function regionBytes(memory: number, start: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let read = 0
  try {
    for (let now = -1; read < size && now !== 0; read += now) now = readSync(memory, bytes, read, size - read, start + read)
  } catch {
    // A guard page, or a region that went away meanwhile: what was read counts.
  }
  return bytes.subarray(0, read)
}

function occurrences(bytes: Buffer, needle: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) count += 1
  return count
}
