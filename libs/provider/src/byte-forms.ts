export const HASHES = ['sha1', 'sha256', 'sha512'] as const
export type HashName = (typeof HASHES)[number]

/** Hex is in lower case; base64 has its padding, base64url has none. */
export const ENCODINGS = ['hex', 'base64', 'base64url'] as const
export type ByteEncoding = (typeof ENCODINGS)[number]
