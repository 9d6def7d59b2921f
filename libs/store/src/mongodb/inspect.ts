import { MongoConnection, type MongoStoreOptions } from './connection.ts'

export interface MongoCondition {
  /** It has no replica that would hold an answered write when it is lost. */
  readonly standsAlone: boolean
  /** By its own clock, milliseconds since 1970; undefined when it does not tell. */
  readonly now: number | undefined
}

/** Looks at the deployment and changes nothing. Throws STORE_UNAVAILABLE, and TypeError for a URL that is none, without repeating it. */
export async function inspectMongo(options: Pick<MongoStoreOptions, 'url' | 'selectionTimeoutMs'>): Promise<MongoCondition> {
  const connection = new MongoConnection({ ...options, database: 'admin' })
  await connection.open()
  try {
    const { setName, msg, localTime } = await connection.run(() => connection.hello())
    return { standsAlone: setName === undefined && msg !== 'isdbgrid', now: localTime instanceof Date ? localTime.getTime() : undefined }
  } finally {
    await connection.close()
  }
}
