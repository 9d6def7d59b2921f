import { CodedError } from '@credence/errors'
import { CLIENT_ID, CLIENT_SECRET, fillHosts, fillUrl, type Recipe, type RecipeNative, type RecipeOAuth } from '@credence/provider'
import { span } from '@credence/service'
import type { OpenClient } from '../credential/client.ts'
import type { VaultContext } from '../credential/vault-context.ts'
import { ACCESS_TOKEN } from '../grant/grant-secret.ts'
import { type ParsedTokenAnswer, parseTokenAnswer } from '../grant/token-answer.ts'
import { postToken, unanswered } from '../grant/token-endpoint.ts'
import { renewalParameters } from '../renewal/by-token.ts'
import { type Discovered, discoverAssets } from './discover-assets.ts'

interface Signed {
  readonly project: string
  readonly credential: string
  readonly plain: Readonly<Record<string, string>>
  readonly recipe: Recipe
  readonly oauth: RecipeOAuth
  readonly client: OpenClient
}

const DEADLINE_MS = 20_000

/** The token of a code lives for an hour or two; it is exchanged at once for the one that lasts. The short one is wiped. */
export async function exchangeForLasting(
  vault: Pick<VaultContext, 'egress' | 'random' | 'clock'>,
  short: ParsedTokenAnswer,
  by: Signed,
): Promise<ParsedTokenAnswer> {
  const { recipe, oauth, client, plain } = by
  if (oauth.exchange === undefined || short.accessToken === undefined) return short
  try {
    const result = await span('vault.token_request', { credential_id: by.credential }, () =>
      postToken(
        vault.egress,
        {
          project: by.project,
          url: fillUrl(recipe, oauth.tokenUri, plain),
          hosts: fillHosts(recipe, plain).token,
          parameters: renewalParameters(oauth, short.accessToken ?? Buffer.alloc(0)),
          client,
          style: oauth,
          deadlineMs: DEADLINE_MS,
        },
        vault.random,
      ),
    )
    if (result.kind !== 'answered') throw unanswered(result)
    const parsed = parseTokenAnswer(result.raw, { oauth, refresh: recipe.refresh }, { now: vault.clock.now() })
    result.raw.body.fill(0)
    if (parsed.answer.kind === 'tokens') return parsed
    throw new CodedError('TOKEN_ANSWER_UNUSABLE', 'The provider signed you in and then gave no token that lasts. Try again.')
  } finally {
    short.accessToken.fill(0)
  }
}

/** What was handed over, asked for with the token that lasts. Throws ASSETS_MISSING when there is nothing to choose. */
export async function handedOver(
  vault: Pick<VaultContext, 'egress' | 'random'>,
  token: Buffer,
  { project, plain, recipe, client, native }: Signed & { readonly native: RecipeNative },
): Promise<Discovered> {
  const fields = new Map([
    [ACCESS_TOKEN, token],
    [CLIENT_SECRET, client.secret],
    [CLIENT_ID, Buffer.from(client.oauthClientId)],
  ])
  const known = { ...plain, [CLIENT_ID]: client.oauthClientId }
  const found = await discoverAssets(vault, { project, recipe, native, fields, plain: known })
  if (found.assets.length > 0) return found
  throw new CodedError('ASSETS_MISSING')
}
