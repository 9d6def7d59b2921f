import { systemRandom } from '@credence/service'
import { givenMongodb, haveMongodb, startMongodb } from '@credence/testkit'
import { MongoClient, MongoServerError } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeKey, keyRange } from '../src/document/index-key.ts'
import { type Doc, type DocumentStore, openMongoStore } from '../src/index.ts'
import { walkOf } from '../src/mongodb/search.ts'
import { documentStoreContract } from './contract.ts'

const given = givenMongodb()
const COMMAND_NOT_FOUND = 59

describe.runIf(await haveMongodb({ mayBeShared: true }))('on MongoDB', () => {
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

  it('looks up by index, never by scanning or sorting, in both directions', async ({ skip }) => {
    const database = `contract_${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
    const index = { name: 'by_owner', members: ['owner', 'at'] }
    const store = await openMongoStore({ url, database, random: systemRandom })
    const things = await store.collection<Doc & { owner: string[]; at: number }>({ name: 'plan_things', indexes: [index] })
    await Promise.all(Array.from({ length: 200 }, (_, at) => things.insert({ id: `d${at}`, v: 1, owner: ['o', `o${at % 5}`], at })))
    await store.close()
    const client = new MongoClient(url)
    const rows = client.db(database).collection('plan_things')
    const explains = await rows
      .find()
      .explain('queryPlanner')
      .then(
        () => true,
        (error: unknown) => !(error instanceof MongoServerError && error.code === COMMAND_NOT_FOUND),
      )
    if (!explains) {
      await client.close()
      console.error('NOT RUN: query plans need a real MongoDB; mongo-java-server has neither plans nor indexes of this kind')
      skip()
    }
    for (const reverse of [false, true]) {
      for (const head of [encodeKey([]), encodeKey(['o'])]) {
        const { filter, sort } = walkOf(index, { range: keyRange(['o'], 5, 50), head, reverse })
        const plan = JSON.stringify(await rows.find(filter, { sort, limit: 10 }).explain('queryPlanner'))
        expect(plan).toContain('IXSCAN')
        expect(plan).not.toMatch(/"COLLSCAN"|"SORT"/)
      }
    }
    await client.db(database).dropDatabase()
    await client.close()
  })
})
