import { isCoded } from '@credence/errors'
import type { Principal } from '@credence/rpc'
import { servicePrincipal } from '@credence/rpc'
import type { PendingGrants } from '../grant/pending-grant.ts'
import { dropCandidate } from './destroy.ts'
import type { RefreshContext } from './refresh-context.ts'
import { saveSpilled } from './save-refresh.ts'

const PAGE = 100

/** Drops candidates and sign-ins whose time is over. */
export async function sweepEnded(vault: RefreshContext & { readonly pendingGrants: PendingGrants }): Promise<void> {
  const now = new Date(vault.clock.now())
  await vault.pendingGrants.sweep(now)
  for (;;) {
    const { docs, next } = await vault.children.collection.find('by_candidate_end', { prefix: [], to: now, limit: PAGE })
    for (const child of docs) {
      const principal: Principal = servicePrincipal('vault', child.project)
      if (child.candidate !== undefined) await dropCandidate(vault, principal, { credentialId: child.id, candidateId: child.candidate.id })
    }
    if (next === undefined) return
  }
}

/** REFRESH 4.3 step 8: every answer that was received and not saved goes through the same save as a fresh one. */
export async function replaySpill(vault: RefreshContext): Promise<number> {
  let replayed = 0
  for (const { id, credential, sent, raw } of vault.spill.open()) {
    const child = await vault.children.read(credential)
    if (child === undefined) {
      await vault.spill.done(id)
      continue
    }
    const recipe = await vault.recipes.get(child.recipe)
    const clientGeneration = recipe.oauth === undefined ? 0 : await vault.clients.generation(recipe.oauth.clientId)
    try {
      await saveSpilled(vault, {
        id,
        credentialId: credential,
        recipe,
        sent,
        clientGeneration,
        raw: { ...raw, body: Buffer.from(raw.body) },
      })
      replayed += 1
    } catch (error) {
      if (!isCoded(error)) throw error
    }
  }
  return replayed
}
