import { HEALTHS } from '@credence/credential'
import { CodedError } from '@credence/errors'
import { change } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { isThere, type Parent } from './parent.ts'
import { readableId } from './visibility.ts'

interface Failure {
  readonly code: string
  readonly at?: Date | undefined
}

export interface HealthReport {
  readonly id: string
  readonly version: number
  readonly health: string
  readonly lastError?: Failure | undefined
  readonly verifiedAt?: Date | undefined
  readonly account?: { readonly id: string; readonly name: string } | undefined
  readonly expiresAt?: Date | undefined
}

/**
 * What refresher, verifier and vault know of a credential. A report about an older version than the newest one heard of is
 * ignored; a report never moves the status. `refreshing` is not kept: it would outlive a refresher that died.
 */
export async function reportHealth(registry: Registry, report: HealthReport): Promise<void> {
  const health = HEALTHS.find((word) => word === report.health)
  if (health === undefined && report.health !== '') {
    const fault = { pointer: '/health', code: 'INVALID_VALUE', detail: `Write one of ${HEALTHS.join(', ')}.` }
    throw new CodedError('INVALID_REQUEST', undefined, { faults: [fault] })
  }
  const kept = health === undefined || health === 'refreshing' ? {} : { health }
  await change(registry.docs.credentials, readableId(report.id), (doc) => {
    if (!isThere(doc) || report.version < doc.version) return undefined
    return {
      ...doc,
      ...kept,
      version: report.version,
      expiresAt: report.expiresAt ?? doc.expiresAt,
      lastVerifiedAt: latest(doc.lastVerifiedAt, report.verifiedAt),
      lastError: failureOf(registry, report.lastError) ?? doc.lastError,
      account: accountOf(doc, report.account),
    }
  })
}

/** When credentials were last used, in batches. Reports may come late and out of order. */
export async function reportUse(
  registry: Registry,
  uses: readonly { readonly id: string; readonly lastUsedAt?: Date | undefined; readonly lastError?: Failure | undefined }[],
): Promise<void> {
  await Promise.all(
    uses.map((use) =>
      change(registry.docs.credentials, readableId(use.id), (doc) => {
        if (!isThere(doc)) return undefined
        const lastUsedAt = latest(doc.lastUsedAt, use.lastUsedAt)
        const failure = failureOf(registry, use.lastError)
        const isNews = failure !== undefined && (doc.lastError === undefined || failure.at > doc.lastError.at)
        if (lastUsedAt === doc.lastUsedAt && !isNews) return undefined
        return { ...doc, lastUsedAt, lastError: isNews ? failure : doc.lastError }
      }),
    ),
  )
}

function latest(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other > one ? other : one
}

function failureOf(registry: Registry, failure: Failure | undefined): { code: string; at: Date } | undefined {
  return failure === undefined || failure.code === '' ? undefined : { code: failure.code, at: failure.at ?? registry.now() }
}

/** A name may be learned or corrected; another account id is a matter for `connect`, which asks. */
function accountOf(doc: Parent, account: { readonly id: string; readonly name: string } | undefined): Parent['account'] {
  if (account === undefined || (doc.account.id !== '' && doc.account.id !== account.id)) return doc.account
  return { id: account.id, name: account.name === '' ? doc.account.name : account.name }
}
