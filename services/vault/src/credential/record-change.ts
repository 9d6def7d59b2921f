import type { Principal } from '@credence/rpc'
import { currentTraceId } from '@credence/service'
import type { AuditAction, AuditRecord } from '../audit/record.ts'
import type { Child } from './child.ts'
import type { VaultContext } from './vault-context.ts'

interface ChangeFacts {
  readonly action: AuditAction
  readonly credential: string
  readonly version?: number
  readonly generation?: number
  readonly outcome?: string
}

/** Records a change of a credential; its version and generation become the floor that no row may fall below. */
export async function change(
  vault: Pick<VaultContext, 'audit' | 'clock' | 'random'>,
  principal: Principal,
  facts: ChangeFacts,
): Promise<void> {
  await vault.audit.append({ ...auditBase(vault, principal), phase: 'change', outcome: 'ok', ...facts })
}

/** The capabilities that use a credential, as a record of what the platform does with it by itself names them. */
export function usedBy({ access, candidate }: Pick<Child, 'access' | 'candidate'>): Pick<AuditRecord, 'capabilities'> {
  const own = candidate?.capability === undefined ? [] : [candidate.capability]
  const capabilities = [...new Set([...(access?.capabilities ?? []), ...own])]
  return capabilities.length === 0 ? {} : { capabilities }
}

/** The members that every record of a call has. */
export function auditBase(
  vault: Pick<VaultContext, 'clock' | 'random'>,
  principal: Principal,
): Pick<AuditRecord, 'use' | 'at' | 'project' | 'subject'> & { user?: string; trace?: string } {
  const trace = currentTraceId()
  const user = principal.user !== '' ? principal.user : principal.userNames[0]
  return {
    use: Buffer.from(vault.random.bytes(9)).toString('base64url'),
    at: vault.clock.now(),
    project: principal.project,
    subject: principal.subject,
    ...(user === undefined ? {} : { user }),
    ...(trace === undefined ? {} : { trace }),
  }
}
