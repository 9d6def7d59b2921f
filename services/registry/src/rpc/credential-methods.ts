import { actorOf } from '../caller/actor.ts'
import { connect } from '../credential/connect.ts'
import { remove } from '../credential/delete.ts'
import { describe, get, list } from '../credential/describe.ts'
import { disable } from '../credential/disable.ts'
import { enable } from '../credential/enable.ts'
import { markExpired } from '../credential/mark-expired.ts'
import type { Parent } from '../credential/parent.ts'
import { reserve } from '../credential/register.ts'
import { relabel } from '../credential/relabel.ts'
import { reportHealth, reportUse } from '../credential/report.ts'
import { share, transfer, unshare } from '../credential/share.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'
import { consumerMessage, credentialMessage } from './wire.ts'

type OwnerMethods = Methods<'get' | 'list' | 'relabel' | 'share' | 'unshare' | 'transfer' | 'disable' | 'enable' | 'delete'>
type SessionMethods = Methods<'reserve' | 'connect'>
type ServiceMethods = Methods<'markExpired' | 'reportHealth' | 'reportUse'>

const NO_ACCOUNT = { id: '', name: '' }

async function answer(registry: Registry, doc: Parent) {
  return { credential: credentialMessage(registry, await describe(registry, doc)) }
}

/** What people do with their credentials. */
export function ownerMethods(registry: Registry): OwnerMethods {
  return {
    async get({ credentialId }, context) {
      return { credential: credentialMessage(registry, await get(registry, await actorOf(registry, context), credentialId)) }
    },
    async list(request, context) {
      const { page, nextPageToken } = await list(registry, await actorOf(registry, context), request)
      return { credentials: page.map((described) => credentialMessage(registry, described)), nextPageToken }
    },
    async relabel({ credentialId: id, label, tags, replaceTags }, context) {
      return answer(registry, await relabel(registry, await actorOf(registry, context), { id, label, tags, replaceTags }))
    },
    async share({ credentialId: id, with: grantee, permission }, context) {
      return answer(registry, await share(registry, await actorOf(registry, context), { id, with: grantee, permission }))
    },
    async unshare({ credentialId: id, with: grantee }, context) {
      return answer(registry, await unshare(registry, await actorOf(registry, context), { id, with: grantee }))
    },
    async transfer({ credentialId: id, to }, context) {
      return answer(registry, await transfer(registry, await actorOf(registry, context), { id, to }))
    },
    async disable({ credentialId, reason }, context) {
      return answer(registry, await disable(registry, await actorOf(registry, context), credentialId, reason))
    },
    async enable({ credentialId }, context) {
      const { credential, refreshOutcome } = await enable(registry, await actorOf(registry, context), credentialId)
      return { ...(await answer(registry, credential)), refreshOutcome }
    },
    async delete({ credentialId, force }, context) {
      const { revocation, orphaned } = await remove(registry, await actorOf(registry, context), credentialId, force)
      return { revocation, orphaned: orphaned.map(consumerMessage) }
    },
  }
}

/** What the gateway does in a connect session. */
export function sessionMethods(registry: Registry): SessionMethods {
  return {
    async reserve(request, context) {
      const reserved = await reserve(registry, await actorOf(registry, context), request)
      const { credential, recipeId, recipe, client, reconnect, provider } = reserved
      return {
        credentialId: credential.id,
        recipeId,
        family: recipe.family,
        clientId: client?.id ?? '',
        redirectUri: client?.redirectUri ?? '',
        reconnect,
        providerVersion: provider.version,
        owner: { user: credential.owner.id, names: [...credential.owner.names] },
        payloadJson: Buffer.from(provider.payload),
      }
    },
    async connect(request, context) {
      const { candidateId, sessionId, account, verified, confirmAccountChange, providerVersion, pattern } = request
      const session = { id: request.credentialId, candidateId, sessionId, providerVersion, pattern }
      const proof = { account: account === undefined ? NO_ACCOUNT : { id: account.id, name: account.name }, verified, confirmAccountChange }
      return answer(registry, await connect(registry, await actorOf(registry, context), { ...session, ...proof }))
    },
  }
}

/** What the other services tell. */
export function serviceMethods(registry: Registry): ServiceMethods {
  return {
    async markExpired({ credentialId: id, version, reason }, context) {
      return markExpired(registry, await actorOf(registry, context), { id, version, reason })
    },
    async reportHealth({ credentialId: id, version, health, lastError, verifiedAt, account, expiresAt }) {
      await reportHealth(registry, { id, version, health, lastError, verifiedAt, account, expiresAt })
      return {}
    },
    async reportUse({ uses }) {
      await reportUse(
        registry,
        uses.map(({ credentialId: id, lastUsedAt, lastError }) => ({ id, lastUsedAt, lastError })),
      )
      return {}
    },
  }
}
