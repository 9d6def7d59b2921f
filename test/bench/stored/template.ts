import { join } from 'node:path'
import { systemRandom as random } from '@credence/service'
import { openSqliteStore } from '@credence/store'
import { PLAN_INDEXES, type Plan } from '../../../services/token-refresher/src/credential/plan.ts'
import { connect, registerProviders, startInside, startOutside } from '../../support/journey.ts'
import { pause } from '../runner.ts'

/** A home in which one person has connected one OAuth account through the pages. */
export interface Template {
  readonly home: string
  readonly credentialId: string
}

/** The plan follows from an event, and the platform is stopped after it. */
const PLAN_WAIT_MS = 2_000

export async function makeTemplate(home: string): Promise<Template> {
  const world = await startOutside()
  try {
    const journey = await startInside(home, world)
    await registerProviders(journey)
    const credentialId = await connect(journey, 'asana')
    await pause(PLAN_WAIT_MS)
    await journey.platform.process.stop()
    await journey.person.leave()
    const template = { home, credentialId }
    await planIn(template)
    return template
  } finally {
    await world.close()
  }
}

/** The plan of that account. Throws when there is none. */
export async function planIn({ home, credentialId }: Template): Promise<Plan> {
  const store = await openSqliteStore({ file: join(home, 'credence.db'), random })
  const plans = await store.collection<Plan>({ name: 'token_refresher_plans', indexes: PLAN_INDEXES })
  const plan = await plans.get(credentialId)
  await store.close()
  if (plan === undefined) throw new TypeError('the account that was connected has no plan')
  return plan
}
