/** Member names come from outside and may be huge: what is shown of one ends here. */
const MAX_SEGMENT = 64

/** A JSON pointer (RFC 6901) below `base`. */
export function pointerTo(base: string, ...segments: readonly (string | number)[]): string {
  return segments.reduce<string>((pointer, segment) => `${pointer}/${escaped(String(segment))}`, base)
}

function escaped(segment: string): string {
  const shown = segment.length > MAX_SEGMENT ? `${segment.slice(0, MAX_SEGMENT)}…` : segment
  return shown.replaceAll('~', '~0').replaceAll('/', '~1')
}
