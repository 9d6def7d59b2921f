import type { RecipeOAuth, RecipeRefresh } from '@credence/provider'
import type { TokenAnswer } from '@credence/refresh-protocol'
import { parseRetryAfter } from '@credence/refresh-protocol'
import { type ScannedValue, scanJson } from './json-scan.ts'

/** What a token endpoint answered, as bytes; the tokens are copies for the caller to wipe. */
export interface ParsedTokenAnswer {
  readonly answer: TokenAnswer
  readonly accessToken?: Buffer
  readonly refreshToken?: Buffer
  /** Seconds, as stated; undefined when the answer has none. */
  readonly expiresInS?: number
  /** As granted; undefined: those that were asked for (RFC 6749 §5.1). */
  readonly scopes?: readonly string[]
}

export interface RawTokenAnswer {
  readonly status: number
  readonly retryAfter?: string
  readonly body: Buffer
}

/** Reads the bytes of an answer. Never throws: what cannot be read is `unreadable`, and the spill still has it. */
export function parseTokenAnswer(
  raw: RawTokenAnswer,
  recipe: { oauth: RecipeOAuth; refresh: RecipeRefresh },
  context: { readonly sentRefreshToken?: Uint8Array; readonly now: number },
): ParsedTokenAnswer {
  const { oauth } = recipe
  const { accessToken, refreshToken, expiresIn, scope } = oauth.paths
  const pointers = [
    accessToken,
    refreshToken,
    expiresIn,
    scope,
    '/error',
    '/error_description',
    '/ok',
    ...(oauth.ok === undefined ? [] : [oauth.ok.path]),
  ]
  const found = scanJson(raw.body, pointers)
  const retryAfterMs = raw.retryAfter === undefined ? undefined : parseRetryAfter(raw.retryAfter, context.now)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  const access = bytesAt(found, accessToken)
  const refused = oauth.ok !== undefined && textAt(found, oauth.ok.path) !== 'true'
  if (raw.status >= 200 && raw.status < 300 && access !== undefined && !refused)
    return success(raw, { oauth, found, access }, context.sentRefreshToken)
  access?.fill(0)
  const code = textAt(found, '/error')
  if (code !== undefined && code !== '') {
    const descriptor = descriptorOf(code, textAt(found, '/error_description'), recipe)
    const folded = oauth.invalidGrantCodes.includes(code) ? 'invalid_grant' : code
    return { answer: { kind: 'error', status: raw.status, code: folded, ...(descriptor === undefined ? {} : { descriptor }), ...wait } }
  }
  // Anything at 2xx may hide a token that the scanner does not find: the spill keeps the bytes until somebody looks.
  const mayHoldToken = raw.status >= 200 && raw.status < 300 && found !== undefined && !refused
  return { answer: { kind: 'unreadable', status: raw.status, mayHoldToken, ...wait } }
}

function success(
  raw: RawTokenAnswer,
  parsed: { oauth: RecipeOAuth; found: Map<string, ScannedValue> | undefined; access: Buffer },
  sent: Uint8Array | undefined,
): ParsedTokenAnswer {
  const { oauth, found, access } = parsed
  const refresh = bytesAt(found, oauth.paths.refreshToken)
  const same = refresh !== undefined && sent !== undefined && Buffer.compare(refresh, sent) === 0
  const expiresIn = Number(textAt(found, oauth.paths.expiresIn))
  const scope = textAt(found, oauth.paths.scope)
  return {
    answer: { kind: 'tokens', status: raw.status, refreshToken: refresh === undefined ? 'absent' : same ? 'same' : 'different' },
    accessToken: access,
    ...(refresh === undefined ? {} : { refreshToken: refresh }),
    ...(Number.isFinite(expiresIn) && expiresIn > 0 ? { expiresInS: oauth.expiresInUnit === 'ms' ? expiresIn / 1000 : expiresIn } : {}),
    ...(scope === undefined || scope === '' ? {} : { scopes: scope.split(/[\s,]+/).filter((item) => item !== '') }),
  }
}

/** The entry of the provider's table that the refusal matches: never the provider's own words, which may hold anything. */
function descriptorOf(code: string, description: string | undefined, recipe: { refresh: RecipeRefresh }): string | undefined {
  return recipe.refresh.permanentErrors?.find((entry) => entry === code || description?.includes(entry))
}

function bytesAt(found: Map<string, ScannedValue> | undefined, pointer: string): Buffer | undefined {
  const value = found?.get(pointer)
  return value?.kind === 'string' && value.bytes.byteLength > 0 ? value.bytes : undefined
}

function textAt(found: Map<string, ScannedValue> | undefined, pointer: string): string | undefined {
  const value = found?.get(pointer)
  if (value === undefined || value.kind === 'container') return undefined
  return value.kind === 'string' ? value.bytes.toString('utf8') : value.text
}
