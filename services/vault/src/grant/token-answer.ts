import type { RecipeRefresh } from '@credence/provider'
import type { TokenAnswerShape } from '@credence/provider/renewal'
import type { TokenAnswer } from '@credence/refresh-protocol'
import { parseRetryAfter } from '@credence/refresh-protocol'
import { type ScannedValue, scanJson } from './json-scan.ts'

/** What a token endpoint answered, as bytes; the tokens are copies for the caller to wipe. */
export interface ParsedTokenAnswer {
  readonly answer: TokenAnswer
  readonly accessToken?: Buffer
  readonly refreshToken?: Buffer
  /** What a renewal obtained, by name, in place of tokens. */
  readonly obtained?: ReadonlyMap<string, Buffer>
  /** Seconds, as stated; undefined when the answer has none. */
  readonly expiresInS?: number
  /** Seconds until the refresh token ends, where the server says so. */
  readonly refreshExpiresInS?: number
  /** As granted; undefined: those that were asked for (RFC 6749 §5.1). */
  readonly scopes?: readonly string[]
}

export interface RawTokenAnswer {
  readonly status: number
  readonly retryAfter?: string
  readonly body: Buffer
}

type Found = Map<string, ScannedValue> | undefined

/** Reads the bytes of an answer. Never throws: what cannot be read is `unreadable`, and the spill still has it. */
export function parseTokenAnswer(
  raw: RawTokenAnswer,
  recipe: { oauth: TokenAnswerShape; refresh: RecipeRefresh },
  context: { readonly sentRefreshToken?: Uint8Array; readonly now: number },
): ParsedTokenAnswer {
  const { oauth } = recipe
  const { accessToken, refreshToken, expiresIn, scope } = oauth.paths
  const refreshEnd = refreshEndPath(oauth)
  const own = oauth.ok === undefined ? [] : [oauth.ok.path]
  const errorPath = oauth.errorPath ?? '/error'
  const found = scanJson(raw.body, [
    accessToken,
    refreshToken,
    expiresIn,
    refreshEnd,
    scope,
    errorPath,
    '/error_description',
    '/ok',
    ...own,
  ])
  const retryAfterMs = raw.retryAfter === undefined ? undefined : parseRetryAfter(raw.retryAfter, context.now)
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
  const access = bytesAt(found, accessToken)
  const succeeded = raw.status >= 200 && raw.status < 300
  const refused = oauth.ok !== undefined && textAt(found, oauth.ok.path) !== 'true'
  if (succeeded && access !== undefined && !refused) return success(raw, { oauth, found, access }, context.sentRefreshToken)
  access?.fill(0)
  bytesAt(found, refreshToken)?.fill(0)
  const code = textAt(found, errorPath)
  if (code !== undefined && code !== '') {
    const descriptor = descriptorOf(code, textAt(found, '/error_description'), recipe)
    const meant = Object.hasOwn(oauth.errorCodes ?? {}, code) ? oauth.errorCodes?.[code] : undefined
    const folded = oauth.invalidGrantCodes.includes(code) ? 'invalid_grant' : (meant ?? safeCode(code, context.sentRefreshToken))
    return { answer: { kind: 'error', status: raw.status, code: folded, ...(descriptor === undefined ? {} : { descriptor }), ...wait } }
  }
  const saysNo = refused || textAt(found, '/ok') === 'false'
  const mayHoldToken = succeeded && !saysNo && !isMarkup(raw.body)
  return { answer: { kind: 'unreadable', status: raw.status, mayHoldToken, ...wait } }
}

/** Words of one case, and digits only at the end: what chance makes of 64 characters does not look like that. */
const CODE = /^(?:[a-z]{1,20}(?:[_.-][a-z]{1,20}){0,5}|[A-Z]{1,20}(?:[_.-][A-Z]{1,20}){0,5})\d{0,8}$/

/**
 * An error code of RFC 6749 §5.2 or a provider's own. Anything else is not repeated, since it goes into events and logs, and a
 * server may send back what it was sent: `other`.
 */
export function safeCode(code: string, sent?: Uint8Array): string {
  const isEcho = sent !== undefined && Buffer.from(sent.buffer, sent.byteOffset, sent.byteLength).includes(code)
  return CODE.test(code) && !isEcho ? code : 'other'
}

/**
 * A page of a captive portal or of a firewall holds no token. Anything else at 2xx may: a form, a cut answer, one that a
 * proxy has emptied or packed. The spill keeps its bytes until somebody looks.
 */
function isMarkup(body: Buffer): boolean {
  return /^(?:\ufeff|\u00ef\u00bb\u00bf)?\s*</.test(body.toString('latin1', 0, 64))
}

/** Ten years: beyond it a number is no life of a token, and its date might be none. */
const MOST_LIFE_S = 315_360_000

function success(
  raw: RawTokenAnswer,
  parsed: { oauth: TokenAnswerShape; found: Found; access: Buffer },
  sent: Uint8Array | undefined,
): ParsedTokenAnswer {
  const { oauth, found, access } = parsed
  const refresh = bytesAt(found, oauth.paths.refreshToken)
  const same = refresh !== undefined && sent !== undefined && Buffer.compare(refresh, sent) === 0
  const lifeS = lifeAt(found, oauth.paths.expiresIn, oauth)
  const refreshLifeS = lifeAt(found, refreshEndPath(oauth), oauth)
  const scope = textAt(found, oauth.paths.scope)
  return {
    answer: { kind: 'tokens', status: raw.status, refreshToken: refresh === undefined ? 'absent' : same ? 'same' : 'different' },
    accessToken: access,
    ...(refresh === undefined ? {} : { refreshToken: refresh }),
    ...(lifeS === undefined ? {} : { expiresInS: lifeS }),
    ...(refreshLifeS === undefined ? {} : { refreshExpiresInS: refreshLifeS }),
    ...(scope === undefined || scope === '' ? {} : { scopes: scope.split(/[\s,]+/).filter((item) => item !== '') }),
  }
}

/** Seconds; undefined for what is no life. */
function lifeAt(found: Found, pointer: string, { expiresInUnit }: TokenAnswerShape): number | undefined {
  const stated = Number(textAt(found, pointer))
  const lifeS = expiresInUnit === 'ms' ? stated / 1000 : stated
  return lifeS > 0 && lifeS <= MOST_LIFE_S ? lifeS : undefined
}

/** No RFC names it; this is what most servers that say it call it. */
function refreshEndPath({ paths }: TokenAnswerShape): string {
  return paths.refreshTokenExpiresIn ?? '/refresh_token_expires_in'
}

/** The entry of the provider's table that the refusal matches: never the provider's own words, which may hold anything. */
function descriptorOf(code: string, description: string | undefined, recipe: { refresh: RecipeRefresh }): string | undefined {
  return recipe.refresh.permanentErrors?.find((entry) => entry === code || description?.includes(entry))
}

function bytesAt(found: Found, pointer: string): Buffer | undefined {
  const value = found?.get(pointer)
  return value?.kind === 'string' && value.bytes.byteLength > 0 ? value.bytes : undefined
}

function textAt(found: Found, pointer: string): string | undefined {
  const value = found?.get(pointer)
  if (value === undefined || value.kind === 'container') return undefined
  return value.kind === 'string' ? value.bytes.toString('utf8') : value.text
}
