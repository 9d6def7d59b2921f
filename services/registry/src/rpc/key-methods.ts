import { Project } from '@credence/proto/registry'
import { actorOf } from '../caller/actor.ts'
import { authenticate } from '../key/authenticate.ts'
import { listKeys } from '../key/list-keys.ts'
import { createKey, revokeKey, rotateKey } from '../key/manage-keys.ts'
import { getProject, type ProjectSettings, updateProject } from '../project/update-project.ts'
import type { Registry } from '../registry.ts'
import type { Methods } from './methods.ts'
import { keyMessage, projectMessage } from './wire.ts'

type KeyMethods = Methods<'createKey' | 'rotateKey' | 'revokeKey' | 'listKeys' | 'authenticate' | 'getProject' | 'updateProject'>

/** A decoded message also holds what it did not know; of that nothing is stored. */
function settingsOf({ id, name, returnUrls, origins, confirm, reconnectUrl, consoleIssuer }: Project): ProjectSettings {
  const settings = { id, name, returnUrls, origins, confirm, reconnectUrl }
  if (consoleIssuer === undefined) return settings
  return { ...settings, consoleIssuer: { issuer: consoleIssuer.issuer, clientId: consoleIssuer.clientId } }
}

/** Callers and the project that they belong to. */
export function keyMethods(registry: Registry): KeyMethods {
  return {
    async createKey({ label, scopes, role, expiresAt }, context) {
      const { key, secret } = await createKey(registry, await actorOf(registry, context), { label, scopes, role, expiresAt })
      return { key: keyMessage(key), secret }
    },
    async rotateKey({ keyId, overlapS }, context) {
      const { key, secret } = await rotateKey(registry, await actorOf(registry, context), keyId, overlapS)
      return { key: keyMessage(key), secret }
    },
    async revokeKey({ keyId }, context) {
      await revokeKey(registry, await actorOf(registry, context), keyId)
      return {}
    },
    async listKeys(request, context) {
      const { page, nextPageToken } = await listKeys(registry, await actorOf(registry, context), request)
      return { keys: page.map(keyMessage), nextPageToken }
    },
    async authenticate({ keySha256, user, via }, context) {
      const principal = await authenticate(registry, await actorOf(registry, context), { keySha256, user, via })
      const { userNames, roles, scopes } = principal
      return { principal: { ...principal, userNames: [...userNames], roles: [...roles], scopes: [...scopes] } }
    },
    async getProject(_request, context) {
      return { project: projectMessage(await getProject(registry, await actorOf(registry, context))) }
    },
    async updateProject({ project }, context) {
      const settings = settingsOf(project ?? Project.fromPartial({}))
      return { project: projectMessage(await updateProject(registry, await actorOf(registry, context), settings)) }
    },
  }
}
