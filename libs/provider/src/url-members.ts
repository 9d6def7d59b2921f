import type { Draft } from './draft.ts'
import type { AuthPattern, ProviderPayload } from './payload.ts'
import { hasOAuth, signsIn } from './signs-in.ts'

/** One URL that a pattern uses: where it stands in the payload and what it is for. */
export interface UrlMember {
  readonly pointer: string
  /** Template of a whole URL. A path that is relative to `proxy_url` stands here below a host that is no one's. */
  readonly text: string
  readonly purpose: 'proxy' | 'extra' | 'authorize' | 'token' | 'user_info' | 'revoke' | 'verify' | 'step'
}

/** RFC 2606 §2: never resolves; only the shape of what follows it is looked at. */
const RELATIVE_TO = 'https://relative.invalid'

/** Every URL of pattern `index`, those of the whole provider included; what is absent is left out. */
export function urlMembers(payload: Draft<ProviderPayload>, index: number): readonly UrlMember[] {
  const pattern = payload.auth_patterns?.[index] ?? {}
  const at = `/auth_patterns/${index}`
  const [verifyAt, verify] = pattern.verify === undefined ? ['', payload.verify] : [at, pattern.verify]
  const relative = verify?.path === undefined ? undefined : `${RELATIVE_TO}${verify.path}`
  return present([
    ['/proxy_url', payload.proxy_url, 'proxy'],
    ...(payload.extra_hosts ?? []).map((host, i): Row => [`/extra_hosts/${i}`, host, 'extra']),
    [`${verifyAt}/verify/path`, relative, 'verify'],
    [`${verifyAt}/verify/url`, verify?.url, 'verify'],
    ...(hasOAuth(pattern) ? oauthRows(payload, pattern, at) : []),
    ...(pattern.steps ?? []).map((step, i): Row => [`${at}/steps/${i}/request/url`, step?.request?.url, 'step']),
  ])
}

type Row = readonly [pointer: string, text: string | undefined, purpose: UrlMember['purpose']]

function oauthRows(payload: Draft<ProviderPayload>, pattern: Draft<AuthPattern>, at: string): readonly Row[] {
  const [revokeAt, revoke] = pattern.revoke === undefined ? ['', payload.revoke] : [at, pattern.revoke]
  const oauth = pattern.oauth_config
  const always: readonly Row[] = [
    [`${at}/oauth_config/token_uri`, oauth?.token_uri, 'token'],
    [`${at}/oauth_config/device_authorization_uri`, oauth?.device_authorization_uri, 'token'],
    [`${at}/oauth_config/user_info_uri`, oauth?.user_info_uri, 'user_info'],
  ]
  if (!signsIn(pattern)) return always
  return [
    [`${at}/oauth_config/authorize_uri`, oauth?.authorize_uri, 'authorize'],
    ...always,
    [`${revokeAt}/revoke/url`, revoke?.url, 'revoke'],
  ]
}

function present(rows: readonly Row[]): readonly UrlMember[] {
  return rows.flatMap(([pointer, text, purpose]) => (text === undefined ? [] : [{ pointer, text, purpose }]))
}
