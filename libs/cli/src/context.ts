import { CodedError } from '@credence/errors'
import type { CredenceOptions } from '@credence/sdk'
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
export function resolveContext(flags: ContextFlags, key: string | undefined): CredenceOptions {
  const { apiUrl, key: chosen, ...rest } = choose(flags, key)
  if (apiUrl !== undefined && chosen !== undefined) return { ...rest, apiUrl, key: chosen }
  const missing = apiUrl === undefined ? 'CREDENCE_API_URL and CREDENCE_KEY' : 'CREDENCE_KEY'
  const detail = `Set ${missing}, or start a platform with \`npm start\`: ${clientFileIn(flags.home)} then holds both.`
  throw new CodedError('INVALID_SETTING', detail)
}

/** True when a platform and a key are known. */
export function hasContext(flags: ContextFlags, key: string | undefined): boolean {
  const { apiUrl, key: chosen } = choose(flags, key)
  return apiUrl !== undefined && chosen !== undefined
}

type Choice = Omit<CredenceOptions, 'apiUrl' | 'key'> & { readonly apiUrl: string | undefined; readonly key: string | undefined }

function choose(flags: ContextFlags, key: string | undefined): Choice {
  const file = readClientFile(flags.home)
  const own = file !== undefined && (flags.apiUrl === undefined || sameOrigin(flags.apiUrl, file.apiUrl)) ? file : undefined
  return {
    apiUrl: flags.apiUrl ?? file?.apiUrl,
    key: key ?? own?.key,
    proxyUrl: flags.proxyUrl ?? own?.proxyUrl,
    grpc: own?.grpc,
    // The user of the file belongs to its key: another key may not be allowed to act for anybody.
    user: flags.user ?? (key === undefined ? own?.user : undefined),
  }
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}
