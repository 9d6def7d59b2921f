/** How a caller may name a user: by our id, by the id his own system uses, or by e-mail address. */
export type UserName = `usr_${string}` | `id:${string}` | `email:${string}`

/**
 * The form in which names are compared: the value of a `Credence-User` header, where a bare value means `id:`. E-mail
 * addresses are trimmed and lower-cased; external ids are compared as they are. Undefined when the name is empty, has
 * control characters, or is no address: one `@` between a name and the labels of a host, without the signs that a list or a
 * display name would bring (RFC 5321 §4.1.2; quoted names are not taken).
 */
export function foldUserName(text: string): UserName | undefined {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed.length > 320 || /[\u0000-\u001f\u007f]/.test(trimmed)) return undefined
  if (/^usr_[0-9a-hjkmnp-tv-z]{26}$/.test(trimmed)) return trimmed as UserName
  if (/^email:/i.test(trimmed)) {
    const address = trimmed.slice('email:'.length).trim().normalize('NFC').toLowerCase()
    return ADDRESS.test(address) ? `email:${address}` : undefined
  }
  const externalId = trimmed.startsWith('id:') ? trimmed.slice('id:'.length) : trimmed
  return externalId === '' ? undefined : `id:${externalId}`
}

const ADDRESS = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:".]+(?:\.[^\s@<>()[\]\\,;:".]+)*$/
