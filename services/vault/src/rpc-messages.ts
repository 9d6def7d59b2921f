import type { Asset } from '@credence/proto/credential'
import type { CompleteGrantResponse } from '@credence/proto/grant'
import type { RefreshResponse, TokenTimes } from '@credence/proto/refresh'
import type { Use as UseMessage } from '@credence/proto/uses'
import type { DeepPartial } from '@credence/proto/vault'
import type { TokenAnswer } from '@credence/refresh-protocol'
import type { Use } from './audit/uses.ts'
import type { TokenFacts } from './credential/list-tokens.ts'
import type { Recipes } from './credential/recipes.ts'
import type { RefreshOutcome } from './credential/refresh-context.ts'
import { defaultLifeOf } from './grant/grant-secret.ts'
import type { CompletedGrant } from './grant/seal-grant.ts'
import type { NativeAsset } from './thirdparty/native.ts'

export function assetMessage({ channel, id, name, label = '', parent = '' }: NativeAsset): DeepPartial<Asset> {
  return { channel, id, name, label, parent }
}

export function completedMessage({ native, scopes, ...completed }: CompletedGrant): DeepPartial<CompleteGrantResponse> {
  const handed = native === undefined ? {} : { assets: native.assets.map(assetMessage), account: native.account }
  return { ...completed, scopes: [...scopes], ...handed }
}

/** How a refresh ended, as the wire has it. */
export async function refreshResponse(vault: { readonly recipes: Recipes }, result: RefreshOutcome): Promise<DeepPartial<RefreshResponse>> {
  const { child } = result
  const recipe = child === undefined || child.deleted !== undefined ? undefined : await vault.recipes.get(child.recipe)
  return {
    ...answerMembers(result.answer),
    outcome: result.outcome,
    version: child?.version ?? 0,
    refreshClass: recipe?.refresh.class ?? '',
    openIntent: result.openIntent ?? false,
    replay: result.replay ?? false,
    clientChanged: result.clientChanged ?? false,
    askUser: result.askUser ?? false,
    restored: result.restored ?? false,
    issuedAt: child?.token?.issuedAt,
    expiresAt: child?.token?.expiresAt,
    at: result.outcome === 'failed' ? child?.lastRefresh?.at : undefined,
    ...(result.waitUntilMs === undefined ? {} : { waitUntil: new Date(result.waitUntilMs) }),
  }
}

export function tokenTimesMessage({ child, recipe }: TokenFacts): DeepPartial<TokenTimes> {
  const { token, access, lastRefresh } = child
  const last =
    lastRefresh === undefined
      ? undefined
      : {
          ...answerMembers(lastRefresh.answer),
          ...lastRefresh,
          outcome: 'failed',
          version: child.version,
          refreshClass: recipe?.refresh.class ?? '',
        }
  return {
    credentialId: child.id,
    version: child.version,
    project: child.project,
    issuedAt: token?.issuedAt,
    expiresAt: token?.expiresAt ?? child.expiresAt,
    grantedAt: token?.grantedAt,
    grantEndsAt: token?.grantEndsAt,
    refreshClass: recipe?.refresh.class ?? '',
    clientId: recipe?.oauth?.clientId ?? '',
    hasRefreshToken: token?.rtId !== undefined,
    state: child.deleted !== undefined ? 'deleted' : (access?.state ?? ''),
    defaultLifeS: recipe === undefined ? 0 : (defaultLifeOf(recipe) ?? 0),
    idleLimitS: Math.floor((recipe?.refresh.idleMs ?? 0) / 1000),
    family: child.family,
    lastRefresh: last,
    openIntent: child.intent !== undefined && child.intent.dead !== true,
  }
}

export function useMessage(use: Use): DeepPartial<UseMessage> {
  const { action, subject, user, consumer, method, outcome, status, providerError, trace, credential, capabilities } = use
  return {
    id: use.use,
    at: new Date(use.at),
    action,
    subject,
    user,
    consumer,
    method,
    outcome,
    httpStatus: status,
    providerError,
    traceId: trace,
    credentialId: credential,
    capabilityId: capabilities.length === 1 ? capabilities.join() : '',
  }
}

function answerMembers(answer: TokenAnswer | undefined): DeepPartial<RefreshResponse> {
  if (answer === undefined) return {}
  return {
    answerKind: answer.kind,
    ...('status' in answer ? { httpStatus: answer.status } : {}),
    ...(answer.kind === 'error' ? { errorCode: answer.code, descriptor: answer.descriptor ?? '', ofGrant: answer.ofGrant ?? false } : {}),
    ...('retryAfterMs' in answer && answer.retryAfterMs !== undefined ? { retryAfterMs: answer.retryAfterMs } : {}),
    ...(answer.kind === 'unreadable' ? { mayHoldToken: answer.mayHoldToken } : {}),
    ...('cause' in answer ? { cause: answer.cause } : {}),
  }
}
