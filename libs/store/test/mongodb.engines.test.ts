import { systemRandom } from '@credence/service'
import { givenMongodb, haveMongodb, startMongodb } from '@credence/testkit'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe } from 'vitest'
import { type DocumentStore, openMongoStore } from '../src/index.ts'
import { documentStoreContract } from './contract.ts'

const given = givenMongodb()

describe.runIf(given !== undefined || (await haveMongodb()))('on MongoDB', () => {
  let url = given ?? ''
  let stop = async (): Promise<void> => undefined
  beforeAll(async () => {
    if (given !== undefined) return
    const server = await startMongodb()
    url = server.url
    stop = server.stop
  })
  afterAll(() => stop())

  documentStoreContract('mongodb', async () => {
    const database = `contract_${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
    const open = (): Promise<DocumentStore> => openMongoStore({ url, database, random: systemRandom })
    let current = await open()
    return {
      store: current,
      async reopen() {
        await current.close()
        current = await open()
        return current
      },
      async dispose() {
        await current.close()
        const client = new MongoClient(url)
        await client.db(database).dropDatabase()
        await client.close()
      },
    }
  })
})
