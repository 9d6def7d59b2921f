import { isCoded } from '@credence/errors'
import type { Renewal } from '@credence/provider/renewal'
import { openSecret } from '../credential/open.ts'
import { type RefreshAttempt, refuseLate } from '../credential/refresh-attempt.ts'
import type { RefreshContext } from '../credential/refresh-context.ts'
import { renewFromFields } from './from-fields.ts'
import type { Renewed } from './renewed.ts'

/** Step 4 of a refresh that sends no refresh token: the sealed fields are exchanged once more. */
export async function exchangeAgain(vault: RefreshContext, at: RefreshAttempt, renewal: Renewal): Promise<Renewed> {
  const { recipe, child } = at
  try {
    using secret = await openSecret(vault, child)
    return await renewFromFields(vault, {
      project: child.project,
      recipe,
      renewal,
      plain: child.plain,
      hosts: secret.hosts.token,
      fields: secret.fields,
      deadlineMs: vault.refreshTimes.deadlineMs,
      beforeWrite: () => refuseLate(vault, at),
    })
  } catch (error) {
    return { kind: 'not_sent', cause: isCoded(error) ? error.code.toLowerCase() : 'internal' }
  }
}
