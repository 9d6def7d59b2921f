import { isCoded } from '@credence/errors'
import type { Secret } from '@credence/secret'
import type { MongoPeek } from '@credence/store'
import { databaseOf, type Installation } from '../config.ts'
import { type ListedCollection, loadService, SERVICES, type Service } from '../services.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

/** After an outage all that waits is on the bus within this time. */
const LONGEST_WAIT_MS = 30_000
const OUTBOX = 'outbox'
const UNTOLD =
  'not told by the API: look at credence_outbox_oldest_seconds in the metrics; of a distributed platform, set CREDENCE_STORE_URL.'
/** By name, because no library knows a service. */
const VAULT: string = '@credence/vault/main'

interface VaultMain {
  readonly ROOT_KEY_PLACE: { readonly collection: string; readonly id: string }
  keyIdIn(file: string): string | undefined
}

/** What the databases of the services tell of the distributed profile: facts that wait, and the root key. */
export async function checkDatabases(installation: Installation, now: () => number): Promise<Finding[]> {
  const { storeUrl } = installation
  if (storeUrl === undefined) return [warning('outbox age', UNTOLD)]
  const outboxes = await Promise.all(SERVICES.map((service) => checkOutbox(service, { installation, storeUrl, now })))
  return [...outboxes, await checkRootKey(installation, storeUrl)]
}

interface OutboxCheck {
  readonly installation: Installation
  readonly storeUrl: Secret
  readonly now: () => number
}

async function checkOutbox(service: Service, { installation, storeUrl, now }: OutboxCheck): Promise<Finding> {
  const check = `${service} outbox age`
  const { collections } = await loadService(service)
  return peek({ check, storeUrl, database: databaseOf(installation, service) }, async (database) => {
    const since = await Promise.all(collections.map((collection) => oldestIn(database, collection)))
    return outboxFinding(check, Math.min(...since), now())
  })
}

/** Since when the first document of the outbox index waits, in ms; infinite where none does. */
async function oldestIn(database: MongoPeek, { name, indexes }: ListedCollection): Promise<number> {
  const index = indexes.find((one) => one.name === OUTBOX)
  const first = index === undefined ? undefined : await database.first(name, index)
  const { outboxSince } = (first ?? {}) as { readonly outboxSince?: unknown }
  return outboxSince instanceof Date ? outboxSince.getTime() : Number.POSITIVE_INFINITY
}

export function outboxFinding(check: string, since: number, now: number): Finding {
  if (since === Number.POSITIVE_INFINITY) return ok(check, 'nothing waits')
  const seconds = Math.max(0, Math.ceil((now - since) / 1_000))
  if (now - since <= LONGEST_WAIT_MS) return ok(check, `the oldest fact waits ${seconds} s`)
  return warning(check, `The oldest fact has waited ${seconds} s to be published: does the service run, and does NATS answer it?`)
}

/** A vault that is given another key refuses to start; here that is known before. */
async function checkRootKey(installation: Installation, storeUrl: Secret): Promise<Finding> {
  const check = 'root key matches'
  const { keyUri } = installation
  if (keyUri === undefined) return warning(check, 'Not compared: set CREDENCE_KEY_URI as for the vault.')
  const { keyIdIn, ROOT_KEY_PLACE: place } = (await import(VAULT)) as VaultMain
  return peek({ check, storeUrl, database: databaseOf(installation, 'vault') }, async (database) => {
    const { rootKeyId } = ((await database.get(place.collection, place.id)) ?? {}) as { readonly rootKeyId?: string }
    return keyFinding(check, { written: rootKeyId, given: keyIdIn(keyUri) })
  })
}

export function keyFinding(
  check: string,
  { written, given }: { readonly written: string | undefined; readonly given: string | undefined },
): Finding {
  if (given === undefined) return failed(check, 'The file that CREDENCE_KEY_URI names is no key of Credence, or cannot be read.')
  if (written === undefined) return warning(check, 'No vault has written with a key yet.')
  if (written === given) return ok(check, `the data was written with it (${given})`)
  return failed(
    check,
    `The data was written with key ${written}, CREDENCE_KEY_URI names ${given}: put the file of this installation there.`,
  )
}

interface Place {
  readonly check: string
  readonly storeUrl: Secret
  readonly database: string
}

/** What cannot be read, perhaps because this user may not, is not known. */
async function peek({ check, storeUrl, database }: Place, look: (database: MongoPeek) => Promise<Finding>): Promise<Finding> {
  const { peekMongo } = await import('@credence/store')
  try {
    const open = await peekMongo({ url: Buffer.from(storeUrl.reveal()).toString('utf8'), database })
    try {
      return await look(open)
    } finally {
      await open.close()
    }
  } catch (error) {
    if (!isCoded(error) && !(error instanceof TypeError)) throw error
    return warning(check, `Not known: ${database} cannot be read as CREDENCE_STORE_URL says.`)
  }
}
