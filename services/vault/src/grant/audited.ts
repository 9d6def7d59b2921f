import { CodedError } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { auditBase } from '../credential/record-change.ts'
import type { VaultContext } from '../credential/vault-context.ts'

/** Does the work of connecting a credential between two records of the audit log; without the first nothing is done. */
export async function audited<T>(
  vault: Pick<VaultContext, 'audit' | 'clock' | 'random'>,
  principal: Principal,
  about: { readonly credential: string; readonly capabilities?: readonly string[] },
  work: () => Promise<T>,
): Promise<T> {
  const base = { ...auditBase(vault, principal), action: 'connect' as const, ...about }
  await vault.audit.append({ ...base, phase: 'began' })
  const end = (outcome: string, more: object = {}): Promise<void> =>
    vault.audit.append({ ...base, at: vault.clock.now(), phase: 'ended', outcome, ...more }).catch(() => undefined)
  try {
    const done = await work()
    await end('ok')
    return done
  } catch (error) {
    const coded = error instanceof CodedError ? error : new CodedError('INTERNAL')
    const providerError = coded.details.facts?.provider_error
    await end(coded.code, providerError === undefined ? {} : { providerError })
    throw error
  }
}
