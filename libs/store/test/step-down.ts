import { MongoClient, MongoNetworkError, MongoServerError } from 'mongodb'

const STEP_DOWN_S = 5
const ELECTED_MS = 60_000

/** Has the primary of a replica set step down; gives whether another election was held. */
export async function stepDown(url: string): Promise<boolean> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: ELECTED_MS })
  try {
    const before = await electionOf(client)
    await client
      .db('admin')
      .command({ replSetStepDown: STEP_DOWN_S, force: true })
      .catch((error: unknown) => {
        // The primary closes its connections as it goes (before 4.2), or refuses while an election is on.
        if (!(error instanceof MongoNetworkError || error instanceof MongoServerError)) throw error
      })
    return (await electionOf(client)) !== before
  } finally {
    await client.close()
  }
}

async function electionOf(client: MongoClient): Promise<string> {
  const { electionId } = await client.db('admin').command({ hello: 1 }, { readPreference: 'primary' })
  return String(electionId)
}
