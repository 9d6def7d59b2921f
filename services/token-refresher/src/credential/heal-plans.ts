import { derivePlan } from './derive-plan.ts'
import { PROJECT_INDEX } from './plan.ts'
import type { Refresher } from './refresher.ts'
import { isReported } from './report-health.ts'
import { follow } from './run-plan.ts'
import type { TokenFacts } from './token-facts.ts'

export interface HealOptions {
  /** Called between two pages; throws to end it. */
  readonly pause: () => Promise<void>
}

const PAGE = 200

/**
 * Compares all tokens with all plans and corrects what a lost hint, a lost plan or a registry that was down left behind.
 * Reads only, where nothing is wrong.
 */
export async function healPlans(refresher: Refresher, options: HealOptions): Promise<void> {
  let pageToken = ''
  do {
    const page = await refresher.vault.page(pageToken)
    const suspects = await Promise.all(page.tokens.map((token) => isWrong(refresher, token)))
    const wrong = page.tokens.filter((_, i) => suspects[i]).map((token) => token.credentialId)
    if (wrong.length > 0) {
      refresher.log.info('plans.healed', { count: wrong.length })
      await follow(refresher, wrong)
    }
    pageToken = page.nextPageToken
    if (pageToken !== '') await options.pause()
  } while (pageToken !== '')
  await healIdle(refresher, options)
}

async function isWrong(refresher: Refresher, token: TokenFacts): Promise<boolean> {
  const plan = await refresher.plans.collection.get(token.credentialId)
  const clientPaused = token.clientId !== undefined && (await refresher.clients.paused([token.clientId])).size > 0
  if (derivePlan(plan, token, { now: refresher.now(), clientPaused, publicUrl: refresher.publicUrl }).do !== 'keep') return true
  if (plan === undefined) return false
  const last = token.lastRefresh?.at
  const hasNews = last !== undefined && last !== plan.judgedAt?.getTime()
  return !isReported(plan) || (hasNews && plan.kind === 'refresh')
}

/** A plan that is never due is looked at by nobody else: its credential may be gone, enabled or connected again. */
async function healIdle(refresher: Refresher, options: HealOptions): Promise<void> {
  let after: string | undefined
  do {
    const query = { prefix: [], limit: PAGE, ...(after === undefined ? {} : { after }) }
    const page = await refresher.plans.collection.find(PROJECT_INDEX.name, query)
    const idle = page.docs.filter((plan) => plan.refreshAt === undefined).map((plan) => plan.id)
    if (idle.length > 0) await follow(refresher, idle)
    after = page.next
    if (after !== undefined) await options.pause()
  } while (after !== undefined)
}
