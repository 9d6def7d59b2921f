import type {
  PayloadClaim,
  PayloadHmac,
  PayloadHttpMessage,
  PayloadJwt,
  PayloadSign,
  PayloadSignOutput,
  PayloadSigV4,
} from './payload-sign.ts'
import type { RecipeSign, SignClaim, SignHmac, SignHttpMessage, SignJwt, SignKey, SignOutput, SignSigV4 } from './recipe-sign.ts'
import { signTemplate } from './sign-template.ts'

/** As long as AWS lets a signature in the query live at most; a request that is sent at once needs no more than minutes. */
const QUERY_LIFE_SECONDS = 300

/** What the vault does for a payload's `sign`; undefined where the pattern signs nothing. */
export function signOf(sign: PayloadSign | undefined): RecipeSign | undefined {
  if (sign?.hmac !== undefined) return hmacOf(sign.hmac)
  if (sign?.aws_sigv4 !== undefined) return sigV4Of(sign.aws_sigv4)
  if (sign?.jwt !== undefined) return jwtOf(sign.jwt)
  return sign?.http_message === undefined ? undefined : httpMessageOf(sign.http_message)
}

function hmacOf(hmac: PayloadHmac): SignHmac {
  return {
    kind: 'hmac',
    hash: hmac.hash,
    key: keyOf(hmac),
    message: signTemplate(hmac.message),
    encoding: hmac.encoding ?? 'hex',
    headers: outputsOf(hmac.headers),
    query: outputsOf(hmac.query),
  }
}

function sigV4Of(sigV4: PayloadSigV4): SignSigV4 {
  return {
    kind: 'aws_sigv4',
    region: signTemplate(sigV4.region),
    service: signTemplate(sigV4.service),
    accessKeyId: signTemplate(sigV4.access_key_id),
    secretAccessKey: signTemplate(sigV4.secret_access_key),
    ...(sigV4.session_token === undefined ? {} : { sessionToken: signTemplate(sigV4.session_token) }),
    in: sigV4.in ?? 'header',
    unsignedPayload: sigV4.unsigned_payload ?? false,
    contentSha256: sigV4.content_sha256 ?? false,
    pathEncoding: sigV4.path_encoding ?? 'double',
    expiresSeconds: sigV4.expires_seconds ?? QUERY_LIFE_SECONDS,
    signedHeaders: [...new Set((sigV4.signed_headers ?? []).map((name) => name.toLowerCase()))],
  }
}

function jwtOf(jwt: PayloadJwt): SignJwt {
  return {
    kind: 'jwt',
    alg: jwt.alg,
    key: keyOf(jwt),
    header: Object.fromEntries(Object.entries(jwt.header ?? {}).map(([name, value]) => [name, signTemplate(value)])),
    claims: Object.fromEntries(Object.entries(jwt.claims).map(([name, value]) => [name, claimOf(value)])),
    lifetimeSeconds: jwt.lifetime_seconds,
    backdateSeconds: jwt.backdate_seconds ?? 0,
    jti: jwt.jti ?? false,
    headers: outputsOf(jwt.headers ?? [{ name: 'Authorization', value: 'Bearer {{@token}}' }]),
  }
}

function claimOf(value: PayloadClaim): SignClaim {
  if (typeof value === 'string') return signTemplate(value)
  return typeof value === 'object' ? value.map((item) => ({ item: signTemplate(item) })) : value
}

function httpMessageOf(message: PayloadHttpMessage): SignHttpMessage {
  return {
    kind: 'http_message',
    alg: message.alg,
    key: keyOf(message),
    ...(message.keyid === undefined ? {} : { keyid: signTemplate(message.keyid) }),
    ...(message.components === undefined ? {} : { components: message.components.map((name) => name.toLowerCase()) }),
    label: message.label ?? 'sig1',
    ...(message.tag === undefined ? {} : { tag: message.tag }),
    ...(message.expires_seconds === undefined ? {} : { expiresSeconds: message.expires_seconds }),
    nonce: message.nonce ?? false,
    algParameter: message.alg_parameter ?? false,
    contentDigest: message.content_digest ?? 'sha-256',
  }
}

function keyOf({ key, key_encoding = 'utf8' }: { key: string; key_encoding?: SignKey['encoding'] }): SignKey {
  return { value: signTemplate(key), encoding: key_encoding }
}

function outputsOf(outputs: readonly PayloadSignOutput[] | undefined): readonly SignOutput[] {
  return (outputs ?? []).map(({ name, value }) => ({ name, value: signTemplate(value) }))
}
