import { CodedError, isCoded } from '@credence/errors'
import { fillUrl } from '@credence/provider'
import type { TokenRenewal } from '@credence/provider/renewal'
import type { TokenAnswer } from '@credence/refresh-protocol'
import { span } from '@credence/service'
import { ACCESS_TOKEN } from '../grant/grant-secret.ts'
import { type ParsedTokenAnswer, parseTokenAnswer } from '../grant/token-answer.ts'
import { causeOf, postToken } from '../grant/token-endpoint.ts'
import type { TokenParameter } from '../grant/token-request.ts'
import { signedAssertion } from './assertion.ts'
import { filled } from './fill.ts'
import { isHeaderText } from './header-text.ts'
import type { Exchange, RenewalPorts, Renewed } from './renewed.ts'

type Grant = Exchange<TokenRenewal>

const GRANT_TYPES: Readonly<Record<TokenRenewal['kind'], string>> = {
  client_credentials: 'client_credentials',
  jwt_bearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  token_exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
}
/** RFC 7523 §2.2. */
const CLIENT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** One request to the token endpoint. A refresh token in the answer is dropped: whoever can ask again needs none (RFC 6749 §4.4.3). */
export async function requestToken(ports: RenewalPorts, grant: Grant): Promise<Renewed> {
  const { renewal, recipe, plain, fields, hosts, project, deadlineMs, beforeWrite } = grant
  const wiped: Uint8Array[] = []
  const kept = (bytes: Buffer): Buffer => {
    wiped.push(bytes)
    return bytes
  }
  try {
    const url = fillUrl(recipe, renewal.tokenUri, plain)
    const secret = kept(filled(renewal.clientSecret ?? '', fields))
    const client =
      renewal.clientId === undefined ? {} : { client: { oauthClientId: filled(renewal.clientId, fields).toString('utf8'), secret } }
    const clientAuth = renewal.clientAuth === 'private_key_jwt' ? 'none' : renewal.clientAuth
    const parameters = parametersOf(ports, grant, url).map(({ name, value }) => ({ name, value: kept(value) }))
    const style = { clientAuth, bodyFormat: renewal.bodyFormat } as const
    const result = await span('vault.token_request', {}, () =>
      postToken(
        ports.egress,
        { project, url, hosts, parameters, ...client, style, deadlineMs, ...(beforeWrite === undefined ? {} : { beforeWrite }) },
        ports.random,
      ),
    )
    if (result.kind !== 'answered') return { ...result, kind: 'not_sent' }
    const shape = { oauth: renewal.answer, refresh: recipe.refresh }
    const parsed = parseTokenAnswer(result.raw, shape, { now: ports.clock.now(), sentRefreshToken: secret })
    result.raw.body.fill(0)
    return { kind: 'answered', parsed: asRenewal(parsed) }
  } catch (error) {
    if (isCoded(error, 'FIELD_REFUSED') || !isCoded(error)) throw error
    return { kind: 'not_sent', ...causeOf(error) }
  } finally {
    for (const bytes of wiped) bytes.fill(0)
  }
}

function parametersOf(ports: RenewalPorts, { renewal, fields }: Grant, url: string): (TokenParameter & { readonly value: Buffer })[] {
  const { kind, parameters, assertion, clientAuth, clientId } = renewal
  const signing = { values: fields, audience: url, clock: ports.clock, random: ports.random }
  const sign = (claims?: Readonly<Record<string, string>>): Buffer => {
    if (assertion === undefined) throw new CodedError('INTERNAL', 'A grant that signs has no assertion.')
    return signedAssertion(assertion, claims === undefined ? signing : { ...signing, claims })
  }
  const own = clientId ?? ''
  return [
    { name: 'grant_type', value: Buffer.from(GRANT_TYPES[kind]) },
    ...parameters.map(({ name, value }) => ({ name, value: filled(value, fields) })).filter(({ value }) => value.byteLength > 0),
    ...(kind === 'jwt_bearer' ? [{ name: 'assertion', value: sign() }] : []),
    ...(clientAuth === 'private_key_jwt'
      ? [
          { name: 'client_assertion_type', value: Buffer.from(CLIENT_ASSERTION) },
          { name: 'client_assertion', value: sign({ iss: own, sub: own }) },
        ]
      : []),
  ]
}

/** Codes that a registered client answers for elsewhere; here whoever filled in the fields does. */
const OF_THE_FIELDS: readonly string[] = ['invalid_client', 'unauthorized_client']

/** The answer with what it means where the credential itself holds the client, and nothing of it can be spent. */
function asRenewal({ refreshToken, accessToken, refreshExpiresInS: _end, ...parsed }: ParsedTokenAnswer): ParsedTokenAnswer {
  refreshToken?.fill(0)
  if (accessToken !== undefined && parsed.answer.kind === 'tokens' && !isHeaderText(accessToken)) {
    accessToken.fill(0)
    return { answer: { kind: 'unreadable', status: parsed.answer.status, mayHoldToken: false } }
  }
  const obtained = accessToken === undefined ? {} : { obtained: new Map([[ACCESS_TOKEN, accessToken]]) }
  return { ...parsed, ...obtained, answer: meaningOf(parsed.answer) }
}

function meaningOf(answer: TokenAnswer): TokenAnswer {
  switch (answer.kind) {
    case 'tokens':
      return { ...answer, refreshToken: 'absent' }
    case 'error':
      return answer.status === 401 || OF_THE_FIELDS.includes(answer.code) ? { ...answer, ofGrant: true } : answer
    case 'unreadable':
      if (answer.status === 401) return { kind: 'error', status: 401, code: 'unauthorized', ofGrant: true }
      return { ...answer, mayHoldToken: false }
    default:
      return answer
  }
}
