/** Whether an obtained value can stand in a header (RFC 9110 §5.5): one with a line break could be stored, and never sent. */
export function isHeaderText(value: Uint8Array): boolean {
  return !value.some((byte) => byte < 0x20 || byte === 0x7f)
}
