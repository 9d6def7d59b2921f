/** Overwrites every buffer given with zeros. Call it in `finally`, on the success path and on every other. */
export function wipe(...buffers: (Uint8Array | undefined)[]): void {
  for (const buffer of buffers) buffer?.fill(0)
}
