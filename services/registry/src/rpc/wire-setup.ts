import type { Setup } from '@credence/proto/setup'
import type { DescribedSetup } from '../setup/describe-setup.ts'

/** A setup as a message; `brief` for lists, without what only one page of it shows. */
export function setupMessage({ doc, needs, redirectUri }: DescribedSetup, brief: boolean): Setup {
  const { report, provider, back } = doc
  return {
    id: doc.id,
    state: doc.state,
    service: doc.text,
    name: report?.name ?? '',
    site: report?.site ?? '',
    needs,
    sentence: back?.sentence ?? '',
    cause: back?.cause ?? '',
    tries: doc.tries,
    providerId: provider?.id ?? '',
    providerVersion: provider?.version ?? 0,
    pattern: doc.pattern,
    payloadJson: Buffer.from(brief ? '' : (report?.payload ?? '')),
    source: report?.source ?? '',
    facts: brief ? [] : [...(report?.facts ?? [])],
    missing: brief ? [] : [...(report?.missing ?? [])],
    steps: brief ? [] : [...(report?.steps ?? [])],
    redirectUri,
    registrationUri: report?.registrationUri ?? '',
    suggestions: [...(report?.suggestions ?? [])],
    visits: brief ? [] : [...(report?.visits ?? [])],
    sessionId: doc.sessionId?.startsWith('sess_') ? doc.sessionId : '',
    credentialId: doc.credentialId ?? '',
    batchId: doc.batch ?? '',
    label: doc.label,
    level: doc.level,
    user: doc.owner.id,
    createdAt: doc.createdAt,
    movedAt: doc.movedAt,
  }
}
