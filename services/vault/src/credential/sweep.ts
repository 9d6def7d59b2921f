import { servicePrincipal } from '@credence/rpc'
import { secretConcat } from '@credence/secret'
import type { Logger } from '@credence/service'
import type { Collection, Stored } from '@credence/store'
import type { PendingGrants } from '../grant/pending-grant.ts'
import type { SpillRecord } from '../grant/spill.ts'
import type { Child } from './child.ts'
import { dropCandidate } from './destroy.ts'
import type { RefreshContext } from './refresh-context.ts'
import { saveSpilled } from './save-refresh.ts'
import type { RequestDoc } from './seal.ts'

const PAGE = 100
const REQUEST_LIFE_MS = 24 * 3_600_000

type Sweeping = RefreshContext & {
  readonly log: Logger
  readonly pendingGrants: PendingGrants
  readonly requests: Collection<RequestDoc>
}

/** Drops what is over: candidates, sign-ins, secrets kept for the provider's grace time, and remembered request ids. */
export async function sweepEnded(vault: Sweeping): Promise<void> {
  const now = vault.clock.now()
  await vault.pendingGrants.sweep(new Date(now))
  await sweepChildren(vault, { index: 'by_candidate_end', to: new Date(now) }, async ({ id, project, candidate }) => {
    if (candidate === undefined) return
    await dropCandidate(vault, servicePrincipal('vault', project), { credentialId: id, candidateId: candidate.id })
  })
  await sweepChildren(vault, { index: 'by_previous_end', to: new Date(now) }, (child) => dropPrevious(vault, child.id, now))
  await sweepRequests(vault, new Date(now - REQUEST_LIFE_MS))
}

/** One row that cannot be handled must not keep the others from it. */
async function sweepChildren(vault: Sweeping, query: { index: string; to: Date }, drop: (child: Stored<Child>) => Promise<void>) {
  for (let after: string | undefined; ; ) {
    const { index, to } = query
    const page = await vault.children.collection.find(index, { prefix: [], to, limit: PAGE, ...(after === undefined ? {} : { after }) })
    for (const child of page.docs) {
      await drop(child).catch((error: unknown) => vault.log.failure('vault.sweep_failed', error, { credential_id: child.id }))
    }
    if (page.next === undefined) return
    after = page.next
  }
}

async function dropPrevious(vault: Sweeping, id: string, now: number): Promise<void> {
  await vault.children.change(id, (child) => {
    if (child.prev === undefined || child.prev.until.getTime() > now) return child
    const { prev: _over, ...kept } = child
    return kept
  })
}

async function sweepRequests(vault: Sweeping, to: Date): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = await vault.requests.find('by_time', { prefix: [], to, limit: PAGE, ...(after === undefined ? {} : { after }) })
    // Somebody else's sweep may be faster.
    for (const { id, rev } of page.docs) await vault.requests.remove(id, rev).catch(() => undefined)
    if (page.next === undefined) return
    after = page.next
  }
}

/**
 * REFRESH 4.3 step 8: every answer that was received and not saved goes through the same save as a fresh one. `settledMs`:
 * only those sent so long ago that nobody is at work on them any more; at start that is all of them.
 */
export async function replaySpill(
  vault: RefreshContext & { readonly log: Logger },
  { settledMs = 0 }: { readonly settledMs?: number } = {},
): Promise<void> {
  const before = vault.clock.now() - settledMs
  for (const record of vault.spill.open().filter(({ sent }) => settledMs === 0 || sent.startedAt <= before)) {
    // What cannot be saved now stays in the spill, and its grant in doubt.
    await replay(vault, record).catch((error: unknown) =>
      vault.log.failure('vault.spill_replay_failed', error, { credential_id: record.credential }),
    )
  }
}

async function replay(vault: RefreshContext, { id, credential: credentialId, sent, raw }: SpillRecord): Promise<void> {
  const child = await vault.children.read(credentialId)
  const recipe = child === undefined ? undefined : await vault.recipes.get(child.recipe)
  // Without a child, or with one that is no grant any more, there is nothing that the answer could belong to.
  if (recipe?.oauth === undefined) return vault.spill.done(id)
  const clientGeneration = await vault.clients.generation(recipe.oauth.clientId)
  await saveSpilled(vault, { id, credentialId, recipe, sent, clientGeneration, raw: { ...raw, body: secretConcat([raw.body]) } })
}
