import { kindOfFact } from '@credence/credential/facts'
import type { Capability, Security as SecurityMessage } from '@credence/proto/capability'
import type { Consent, ConsentEntry } from '@credence/proto/consent'
import type { Consumer, Credential } from '@credence/proto/credential'
import type { HistoryEntry } from '@credence/proto/history'
import type { OauthClient, Provider } from '@credence/proto/provider'
import type { Key, Project } from '@credence/proto/registry'
import type { Security } from '../capability/capability.ts'
import type { CapabilityView } from '../capability/read-capability.ts'
import type { GivenConsent } from '../consent/consent.ts'
import type { ConsentView } from '../consent/read-consent.ts'
import type { ConsumerDoc } from '../credential/consumer.ts'
import { type Described, reconnectUrl } from '../credential/describe.ts'
import type { HistoryLine } from '../credential/history-line.ts'
import type { KeyDoc } from '../key/key.ts'
import type { ProjectDoc } from '../project/project.ts'
import type { ClientView } from '../provider/oauth-client.ts'
import type { ProviderView } from '../provider/read-provider.ts'
import type { Registry } from '../registry.ts'

/** Documents as messages: the one place that knows both. What is not listed here does not leave the registry. */
export function credentialMessage(registry: Registry, { doc, consumerCount }: Described): Credential {
  return {
    id: doc.id,
    label: doc.label,
    owner: { user: doc.owner.id, names: [...doc.owner.names] },
    level: doc.level,
    family: doc.family,
    providerId: doc.provider.id,
    providerVersion: doc.provider.version,
    pattern: doc.provider.pattern,
    providerName: doc.provider.name,
    status: doc.status,
    reason: doc.reason ?? '',
    health: doc.status === 'active' ? doc.health : '',
    account: { ...doc.account },
    accountFields: { ...doc.accountFields },
    scopes: [...doc.scopes],
    expiresAt: doc.expiresAt,
    lastUsedAt: doc.lastUsedAt,
    lastVerifiedAt: doc.lastVerifiedAt,
    lastError: doc.lastError,
    shares: doc.shares.map(({ subject, names, permission }) => ({ subject, names: [...names], permission })),
    tags: { ...doc.tags },
    createdAt: doc.createdAt,
    reconnectUrl: reconnectUrl(registry, doc.id),
    consumerCount,
    connectedAt: doc.connectedAt ?? doc.createdAt,
    assets: (doc.assets ?? []).map((asset) => ({ ...asset })),
  }
}

export function capabilityMessage({ doc, customers }: CapabilityView): Capability {
  const { id, name, description, provider, mode, credentialId, exclusive, createdAt, updatedAt, authType, security, consent } = doc
  return {
    id,
    name,
    description,
    providerId: provider.id,
    providerVersion: provider.version,
    pattern: provider.pattern,
    mode,
    credentialId,
    methods: [...doc.methods],
    paths: [...doc.paths],
    security: securityMessage(security),
    consent: { ...consent, scopes: [...(consent.scopes ?? [])] },
    exclusive,
    scopes: [...doc.scopes],
    createdAt,
    updatedAt,
    authType,
    providerName: provider.name,
    customers,
  }
}

function securityMessage({ level, facts, lookup, pageOnly = false }: Security): SecurityMessage {
  return {
    level,
    facts: facts.map(({ name, question, kind }) => ({ name, question, kind: kindOfFact(name, kind) })),
    lookup: lookup === undefined ? undefined : { ...lookup, match: lookup.match.map((one) => ({ ...one })) },
    pageOnly,
  }
}

export function consentMessage({ doc, covers }: ConsentView): Consent {
  const [latest, ...earlier] = doc.entries
  const { id, capability: capabilityId, user, state } = doc
  return { id, capabilityId, user, state, covers, latest: latest && entryMessage(latest), earlier: earlier.map(entryMessage) }
}

function entryMessage({ purpose, scopes, givenAt, givenBy, how, withdrawnAt, withdrawnBy = '' }: GivenConsent): ConsentEntry {
  return { purpose, scopes: [...scopes], givenAt, givenBy, how, withdrawnAt, withdrawnBy }
}

export function consumerMessage(doc: ConsumerDoc): Consumer {
  const { id, credentialId, kind, externalRef, label, boundAt, native } = doc
  const { channel = '', nativeId = '', agent = '' } = native ?? {}
  return { id, credentialId, kind, externalRef, label, boundAt, channel, nativeId, agent }
}

export function providerMessage(view: ProviderView): Provider {
  const { id, version, payload, displayName, origin, createdAt } = view
  return { id, version, payloadJson: Buffer.from(payload), displayName, origin, createdAt }
}

export function clientMessage(view: ClientView): OauthClient {
  const { id, providerId, oauthClientId, redirectUri, createdAt, fields } = view
  return { id, providerId, oauthClientId, redirectUri, createdAt, fields: { ...fields } }
}

/** Without a secret and without the hash of one. */
export function keyMessage(doc: KeyDoc): Key {
  const { id, label, scopes, role, createdAt, expiresAt, state } = doc
  return { id, label, scopes: [...scopes], role, createdAt, expiresAt, state }
}

export function historyMessage(line: HistoryLine): HistoryEntry {
  return { ...line }
}

export function projectMessage(doc: ProjectDoc): Project {
  const { id, name, returnUrls, origins, confirm, reconnectUrl: reconnect, consoleIssuer } = doc
  return { id, name, returnUrls: [...returnUrls], origins: [...origins], confirm, reconnectUrl: reconnect, consoleIssuer }
}

/** What a person reads before a provider is saved. */
export function reviewBytes(review: object): Buffer {
  return Buffer.from(JSON.stringify(review))
}
