import { CLIENT_INDEX, type PauseReason, type Plan } from './plan.ts'
import type { Refresher } from './refresher.ts'
import { replan } from './replan.ts'
import { reportHealth } from './report-health.ts'

const PAGE = 200
const UNTIL_RESUMED: readonly string[] = ['client_paused', 'client_changed', 'client_refused'] satisfies PauseReason[]

/**
 * Stops every refresh of one OAuth client: the endpoint refuses the client, not a grant, so nobody is asked to sign in again
 * and no credential is marked. The plans of other clients go on. Idempotent; a plan that a crash left out is held when it comes due.
 */
export async function pauseClient(refresher: Refresher, clientId: string, reason: string): Promise<void> {
  const isNew = await refresher.clients.setPause(clientId, { reason, since: new Date(refresher.now()) })
  if (!isNew) return
  refresher.log.error('client.paused', { client_id: clientId, reason })
  await forPlansOf(refresher, clientId, (plans) => Promise.all(plans.map((plan) => hold(refresher, plan))))
}

/** Ends the pause and plans its credentials anew at once, those too that were held because the client had changed. Idempotent. */
export async function resumeClient(refresher: Refresher, clientId: string): Promise<void> {
  const wasPaused = await refresher.clients.setPause(clientId, undefined)
  if (wasPaused) refresher.log.info('client.resumed', { client_id: clientId })
  await forPlansOf(refresher, clientId, async (plans) => {
    const held = plans.filter(isHeld)
    await Promise.all(held.map((plan) => release(refresher, plan.id)))
    await replan(
      refresher,
      held.map((plan) => plan.id),
    )
  })
}

/** What a refresh that comes due finds while its client is paused; also what a pause does to each plan. */
export async function hold(refresher: Refresher, { id }: Plan): Promise<void> {
  const held = await refresher.plans.change(id, (plan) => {
    if (plan.kind !== 'refresh' || plan.state === 'paused') return { do: 'keep' }
    return { do: 'write', plan: { ...plan, state: 'paused', reason: 'client_paused', refreshAt: undefined } }
  })
  if (held !== undefined) await reportHealth(refresher, held)
}

/** Makes it a plan that waits for its client only, which is over. */
async function release(refresher: Refresher, id: string): Promise<void> {
  await refresher.plans.change(id, (plan) => (isHeld(plan) ? { do: 'write', plan: { ...plan, reason: 'client_paused' } } : { do: 'keep' }))
}

function isHeld(plan: Plan): boolean {
  return plan.state === 'paused' && UNTIL_RESUMED.includes(plan.reason ?? '')
}

async function forPlansOf(refresher: Refresher, clientId: string, work: (plans: readonly Plan[]) => Promise<unknown>): Promise<void> {
  let after: string | undefined
  do {
    const query = { prefix: [clientId], limit: PAGE, ...(after === undefined ? {} : { after }) }
    const page = await refresher.plans.collection.find(CLIENT_INDEX.name, query)
    await work(page.docs)
    after = page.next
  } while (after !== undefined)
}
