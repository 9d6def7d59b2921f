/** Where a command writes and whether a person is there to answer. */
export interface Terminal {
  /** Results: what a program may read. */
  out(text: string): void
  /** Progress, hints and errors. */
  err(text: string): void
  /** True when both ends are a terminal: only then is anything asked. */
  readonly interactive: boolean
}

export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  }
}

/**
 * Text from outside on one line: labels and names may hold control characters, which a terminal would obey, and marks that
 * turn the direction of writing.
 */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, ' ')
}
