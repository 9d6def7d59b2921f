import { newId } from '@credence/credential'
import { systemRandom as random } from '@credence/service'
import { openMongoStore } from '@credence/store'
// A million inserts, each on the disk before the next, would take longer than everything that is measured.
import { nextRev } from '../../../libs/store/src/document/revision.ts'
import { MongoConnection } from '../../../libs/store/src/mongodb/connection.ts'
import { type Row, rowOf } from '../../../libs/store/src/mongodb/row.ts'
import { PLAN_INDEXES } from '../../../services/token-refresher/src/credential/plan.ts'
import { PLAN_COLLECTION } from '../../../services/token-refresher/src/credential/plans.ts'
import { idlePlan } from './fill.ts'
import { planIn, type Template } from './template.ts'

const AT_ONCE = 5_000

export interface FillMongodb {
  readonly url: string
  readonly database: string
  readonly template: Template
  readonly credentials: number
}

/** So many plans in a new database, as the adapter writes them, many in each command. */
export async function fillMongodb({ url, database, template, credentials }: FillMongodb): Promise<void> {
  const options = { url, database, random, operationTimeoutMs: 120_000 }
  const plan = await planIn(template)
  const store = await openMongoStore(options)
  await store.collection(PLAN_COLLECTION)
  await store.close()
  const connection = new MongoConnection(options)
  await connection.open()
  const rows = connection.collection<Row>(PLAN_COLLECTION.name)
  for (let from = 0; from < credentials; from += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, credentials - from) }, (_, i) => {
      const id = newId('cred', (count) => random.bytes(count))
      return rowOf(idlePlan(plan, { id, index: from + i }), nextRev(0, random), PLAN_INDEXES)
    })
    await rows.insertMany(batch, { ordered: false })
  }
  await connection.close()
}
