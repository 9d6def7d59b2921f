import { CodedError } from '@credence/errors'
import { VaultServiceDefinition, type VaultServiceImplementation } from '@credence/proto/vault'
import { type RpcContext, type RpcMount, rpcMount } from '@credence/rpc'
import type { Collection } from '@credence/store'
import type { Shipper } from './audit/ship.ts'
import type { Callers } from './caller/caller.ts'
import { setCapability, setClaim } from './capability/set-capability.ts'
import { destroy, dropCandidate } from './credential/destroy.ts'
import { listTokens } from './credential/list-tokens.ts'
import { probe } from './credential/probe.ts'
import { promote } from './credential/promote.ts'
import type { RefreshCause } from './credential/refresh-attempt.ts'
import type { RefreshContext } from './credential/refresh-context.ts'
import { revoke } from './credential/revoke.ts'
import { rotateKeys } from './credential/rotate-keys.ts'
import { type RequestDoc, seal } from './credential/seal.ts'
import { sealNow } from './credential/seal-in-force.ts'
import { check, type SendContext } from './credential/send.ts'
import { setAccess } from './credential/set-access.ts'
import { beginGrant } from './grant/begin-grant.ts'
import { completeGrant } from './grant/complete-grant.ts'
import type { GrantContext } from './grant/grant-context.ts'
import { pollGrant } from './grant/poll-grant.ts'
import { registerAtServer } from './grant/register-at-server.ts'
import type { ProjectKeys } from './keys/project-keys.ts'
import { capabilityFields, fenceOf } from './rpc-decode.ts'
import { identityMethods } from './rpc-identity.ts'
import { assetMessage, completedMessage, refreshResponse, tokenTimesMessage, useMessage } from './rpc-messages.ts'
import { sendStream } from './rpc-send.ts'
import { type SigningContext, signWidgetToken } from './signing/sign-widget-token.ts'
import { SIGNING_PURPOSES } from './signing/signing-keys.ts'
import { chooseAssets } from './thirdparty/choose-assets.ts'

/** Everything the methods work with. */
export interface VaultParts extends RefreshContext, GrantContext, SendContext, SigningContext {
  readonly keys: ProjectKeys
  readonly callers: Callers
  readonly shipper: Shipper
  readonly requests: Collection<RequestDoc>
}

const MOST_PER_PAGE = 500

/** rpc → use case: decode, call, encode; nothing is decided here. */
export function vaultMount(vault: VaultParts): RpcMount {
  return rpcMount(VaultServiceDefinition, {
    ...writes(vault),
    ...orders(vault),
    ...signs(vault),
    ...reads(vault),
    ...identityMethods(vault),
  })
}

type Methods = VaultServiceImplementation<Pick<RpcContext, 'principal' | 'from'>>

function writes(
  vault: VaultParts,
): Pick<
  Methods,
  | 'seal'
  | 'promote'
  | 'destroy'
  | 'putRecipe'
  | 'registerClient'
  | 'registerAtServer'
  | 'setAccess'
  | 'setCapability'
  | 'setClaim'
  | 'setCaller'
> {
  return {
    async seal(request, { principal }) {
      const { credentialId, recipeId, plainFields: plain, requestId, expiresAt, until, inForce, capabilityId: capability } = request
      const secret = new Map(Object.entries(request.secretFields).map(([name, value]) => [name, viewOf(value)]))
      const ends = expiresAt === undefined ? {} : { expiresAt }
      const order = { credentialId, recipeId, plain, secret, ...ends }
      if (inForce === undefined) {
        const candidateId = await seal(vault, principal, { ...order, requestId, capability, ...(until === undefined ? {} : { until }) })
        return { candidateId, stored: false, version: 0, generation: 0, plainFields: {} }
      }
      const { expectedVersion } = inForce
      const { plain: kept, ...now } = await sealNow(vault, principal, { ...order, fence: fenceOf(inForce.access), expectedVersion })
      return { ...now, plainFields: { ...kept } }
    },
    async promote({ credentialId, candidateId, access }, { principal }) {
      const child = await promote(vault, principal, { credentialId, candidateId, fence: fenceOf(access) })
      const { version, plain, token, native, expiresAt = token?.expiresAt } = child
      const assets = (native?.assets ?? []).map(assetMessage)
      const ends = expiresAt === undefined ? {} : { expiresAt }
      return { version, plainFields: { ...plain }, scopes: [...(token?.scopes ?? [])], assets, ...ends }
    },
    async destroy({ credentialId, candidateId, consumers }, { principal }) {
      await (candidateId === ''
        ? destroy(vault, principal, { credentialId, consumers })
        : dropCandidate(vault, principal, { credentialId, candidateId }))
      return {}
    },
    async putRecipe({ recipeId, recipe }, { principal }) {
      await vault.recipes.put(recipeId, recipe, principal.project)
      return {}
    },
    async registerClient({ clientId, oauthClientId, clientSecret }, { principal }) {
      const secret = viewOf(clientSecret)
      return { generation: await vault.clients.register({ id: clientId, project: principal.project, oauthClientId, secret }) }
    },
    async registerAtServer(request, { principal }) {
      return registerAtServer(vault, principal, request)
    },
    async setAccess({ credentialId, access, recipeId }, { principal }) {
      await setAccess(vault, principal, { credentialId, fence: fenceOf(access), recipeId })
      return {}
    },
    async setCapability(request, { principal }) {
      await setCapability(vault, principal, capabilityFields(request))
      return {}
    },
    async setClaim({ capabilityId: capability, names, credentialId, generation }, { principal }) {
      await setClaim(vault, principal, { capability, names, credentialId, generation })
      return {}
    },
    async setCaller({ keySha256, keyId, scopes, roles, state, expiresAt, generation }, { principal }) {
      const ends = expiresAt === undefined ? {} : { expiresAt }
      await vault.callers.set(keySha256, { project: principal.project, keyId, scopes, roles, state, generation, ...ends })
      return {}
    },
  }
}

function orders(
  vault: VaultParts,
): Pick<Methods, 'beginGrant' | 'completeGrant' | 'pollGrant' | 'chooseAssets' | 'refresh' | 'revoke' | 'probe' | 'send' | 'check'> {
  return {
    async beginGrant({ plainFields: plain, ...order }, { principal }) {
      return beginGrant(vault, principal, { ...order, plain })
    },
    async completeGrant(answer, { principal }) {
      return completedMessage(await completeGrant(vault, principal, answer))
    },
    async chooseAssets({ credentialId, candidateId, assets }, { principal }) {
      return { assets: (await chooseAssets(vault, principal, { credentialId, candidateId, assets })).map(assetMessage) }
    },
    async pollGrant({ sessionId, stateSha256 }, { principal }) {
      const polled = await pollGrant(vault, principal, { sessionId, id: stateSha256 })
      if ('nextAt' in polled) return polled
      return { completed: completedMessage(polled.completed) }
    },
    async refresh({ credentialId, expectedVersion, cause }, { principal }) {
      const order = { credentialId, cause: cause as RefreshCause, ...(expectedVersion === 0 ? {} : { expectedVersion }) }
      return refreshResponse(vault, await vault.refresh(principal, order))
    },
    async revoke({ credentialId, sharedGrant }, { principal }) {
      const { outcome, status } = await revoke(vault, principal, { credentialId, sharedGrant })
      return { outcome, httpStatus: status }
    },
    async probe({ credentialId, candidateId, call }, { principal }) {
      if (call === undefined) throw new CodedError('INVALID_REQUEST', 'Say which call to make.')
      const {
        status,
        expected,
        account,
        failure,
        retryAfterMs = 0,
        version,
        denied = false,
      } = await probe(vault, principal, { credentialId, candidateId, call })
      return { httpStatus: status, expected, failure, retryAfterMs, version, denied, ...(account === undefined ? {} : { account }) }
    },
    send: (requests, context) => sendStream(vault, requests, context),
    async check({ user, ...asked }, { principal }) {
      await check(vault, vault.callers.actFor(principal, user), asked)
      return {}
    },
  }
}

function signs(vault: VaultParts): Pick<Methods, 'sign' | 'listSigningKeys'> {
  return {
    async sign({ purpose, claims }, { principal }) {
      // What the vault itself asserts to others is signed where it is sent, by nobody's order.
      if (purpose !== 'widget') throw unknownPurpose()
      return signWidgetToken(vault, principal, claims)
    },
    async listSigningKeys({ purpose }, { principal }) {
      const known = SIGNING_PURPOSES.find((word) => word === purpose)
      if (known === undefined) throw unknownPurpose()
      return { keys: await vault.signingKeys.list(known, principal.project === '' ? undefined : principal.project) }
    },
  }
}

function unknownPurpose(): CodedError {
  const faults = [{ pointer: '/purpose', code: 'NOT_ALLOWED', detail: 'There is no key for this purpose.' }]
  return new CodedError('INVALID_REQUEST', undefined, { faults })
}

function reads(vault: VaultParts): Pick<Methods, 'rotateKeys' | 'listTokens' | 'listUses'> {
  return {
    async *rotateKeys({ project, retire }, { principal }) {
      // The tenant is the caller's, never the body's; and the vault's own keys are nobody's project.
      if (project !== '' && project !== principal.project) throw new CodedError('NOT_FOUND')
      yield* rotateKeys(vault, { project: principal.project, retire })
    },
    async listTokens({ credentialIds, pageSize, pageToken }) {
      const limit = Math.min(pageSize === 0 ? MOST_PER_PAGE : pageSize, MOST_PER_PAGE)
      const { tokens, next } = await listTokens(vault, { ids: credentialIds, limit, after: pageToken })
      return { tokens: tokens.map(tokenTimesMessage), nextPageToken: next }
    },
    async listUses({ credentialId: credential, capabilityId: capability, pageSize, pageToken }, { principal }) {
      const { project } = principal
      const after = pageToken === '' ? {} : { after: pageToken }
      const limit = Math.min(pageSize === 0 ? MOST_PER_PAGE : pageSize, MOST_PER_PAGE)
      const whose = capability === '' ? { project, credential } : { project, capability }
      const { uses, next } = await vault.shipper.list(whose, { limit, ...after })
      return { uses: uses.map(useMessage), nextPageToken: next ?? '' }
    },
  }
}

/** Not a copy: what the message holds is what is wiped. */
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
