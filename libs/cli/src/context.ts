import { CodedError } from '@credence/errors'
import type { CredenceOptions } from '@credence/sdk'
import type { Secret } from '@credence/secret'
import { clientFileIn, readClientFile } from './client-file.ts'

/** The flags that say which platform is meant, and as whom. */
export interface ContextFlags {
  readonly home: string
  readonly apiUrl?: string | undefined
  readonly proxyUrl?: string | undefined
  readonly user?: string | undefined
}

/**
 * Which platform a command talks to: flags and CREDENCE_* first, then `<home>/client.json`. The key of the file goes to the
 * address of the file only. Throws INVALID_SETTING, saying what is missing.
 */
export function resolveContext(flags: ContextFlags, key: Secret | undefined): CredenceOptions {
  const file = readClientFile(flags.home)
  const apiUrl = flags.apiUrl ?? file?.apiUrl
  const own = file !== undefined && (flags.apiUrl === undefined || sameOrigin(flags.apiUrl, file.apiUrl))
  const chosen = key === undefined ? (own ? file.key : undefined) : Buffer.from(key.reveal()).toString()
  if (apiUrl === undefined || chosen === undefined) {
    const missing = apiUrl === undefined ? 'CREDENCE_API_URL and CREDENCE_KEY' : 'CREDENCE_KEY'
    throw new CodedError(
      'INVALID_SETTING',
      `Set ${missing}, or start a platform with \`credence dev\`: its folder's ${clientFileIn(flags.home)} holds both.`,
    )
  }
  // The user of the file belongs to its key: another key may not be allowed to act for anybody.
  const user = flags.user ?? (own && key === undefined ? file.user : undefined)
  return { apiUrl, key: chosen, proxyUrl: flags.proxyUrl ?? (own ? file.proxyUrl : undefined), user }
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}
