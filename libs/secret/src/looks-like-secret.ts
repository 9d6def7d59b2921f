/** How keys of well-known makers begin, ours among them, and the forms that only secrets have. */
const KNOWN =
  /\b(?:crd_|[spr]k[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9]{12,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{12,}|xox[abeoprs]-[\w-]{8,}|AKIA[0-9A-Z]{12,}|AIza[\w-]{24,}|ya29\.[\w-]{8,}|SG\.[\w-]{12,}|shp(?:at|ca|pa|ss)_\w{12,}|hf_\w{16,}|npm_\w{16,}|dop_v1_\w{12,}|eyJ[\w-]{8,}\.[\w-]{8,})|-----BEGIN [A-Z ]*PRIVATE/
/** `password is hunter22`, `api_key=…`, `Bearer …`, and a pair before the host of an address. */
const SAID =
  /\b(?:password|passwort|passphrase|secret|api[-_ ]?key|access[-_ ]?key|token|pin)\s*(?:is\b|ist\b|=|:)\s*["']?[^\s"']{6,}|\b(?:bearer|basic)\s+[A-Za-z0-9+/=._~-]{12,}|:\/\/[^\s/@]+:[^\s/@]+@/i
/** A value of a query that is called like a key. */
const IN_QUERY = /[?&](?:api[-_]?key|key|token|access[-_]?token|auth|secret|sig|signature|password|pwd)=[^&\s#]{6,}/i

const MIN_RANDOM_LENGTH = 20
/** Changes between lower case, upper case and digits: words have few, random text has many. */
const MIN_CHANGES = 4

/**
 * Whether a text that people type beside the connect step is, or holds, something that looks like a secret. It errs on the
 * careful side; what it cannot know is a secret of plain words.
 */
export function looksLikeSecret(text: string): boolean {
  if (KNOWN.test(text) || SAID.test(text) || IN_QUERY.test(text)) return true
  return text.split(/[\s/?&=#,;'"<>()|@:]+/).some(isRandom)
}

function isRandom(word: string): boolean {
  if (word.length < MIN_RANDOM_LENGTH || isHostName(word)) return false
  const kinds = [...word].map((character) =>
    /[a-z]/.test(character) ? 'a' : /[A-Z]/.test(character) ? 'A' : /[0-9]/.test(character) ? '0' : '',
  )
  const spoken = kinds.filter((kind) => kind !== '')
  const changes = spoken.filter((kind, i) => i > 0 && kind !== spoken[i - 1]).length
  return spoken.includes('0') ? changes >= MIN_CHANGES : changes >= 2 * MIN_CHANGES
}

function isHostName(word: string): boolean {
  return /^(?:[a-z0-9-]+\.)+[a-z]{2,}$/i.test(word)
}
