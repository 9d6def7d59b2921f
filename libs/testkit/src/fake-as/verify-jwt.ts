import { constants, createPublicKey, verify } from 'node:crypto'

export type JwtClaims = Readonly<Record<string, unknown>>

/** The claims of a JSON Web Token whose signature fits this public key (PEM); undefined for any other. */
export function verifiedClaims(token: string, publicKey: string): { readonly head: JwtClaims; readonly claims: JwtClaims } | undefined {
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0) return undefined
  const parsed = [head, body].map((part) => objectOf(part))
  const [protectedHead, claims] = parsed
  if (protectedHead === undefined || claims === undefined) return undefined
  const alg = String(protectedHead.alg)
  const key = createPublicKey(publicKey)
  const options = {
    key,
    ...(alg.startsWith('ES') ? { dsaEncoding: 'ieee-p1363' as const } : {}),
    ...(alg.startsWith('PS') ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {}),
  }
  const hash = alg === 'EdDSA' ? null : `sha${alg.slice(2)}`
  try {
    const isGood = verify(hash, Buffer.from(`${head}.${body}`), options, Buffer.from(signature, 'base64url'))
    return isGood ? { head: protectedHead, claims } : undefined
  } catch {
    // A key of another kind than the algorithm's.
    return undefined
  }
}

function objectOf(part: string): JwtClaims | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as JwtClaims
  } catch {
    return undefined
  }
}
