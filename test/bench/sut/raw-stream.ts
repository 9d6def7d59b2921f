import { AckPolicy, DeliverPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { Sample } from '../runner.ts'

type Loaded = Omit<Sample, 'cpuUs'>

/** A stream of its own, spoken to with the client as such. */
export interface RawStream {
  /** From the call that publishes to the message in hand. */
  oneByOne(ms: number): Promise<Loaded>
  /** From the call that publishes to the server's word that it has the message. */
  acks(ms: number): Promise<Loaded>
  close(): Promise<void>
}

const NAME = 'BENCH_RAW'
const CONCURRENT = 64
/** As long as a fact is with its headers. */
const BODY = 'x'.repeat(400)

export async function openRawStream(url: string): Promise<RawStream> {
  const connection = await connect({ servers: [new URL(url).host] })
  const manager = await jetstreamManager(connection)
  const client = jetstream(connection)
  await manager.streams.add({ name: NAME, subjects: ['bench.>'], storage: 'file' })
  const config = {
    durable_name: 'bench',
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subjects: ['bench.one'],
  }
  await manager.consumers.add(NAME, config)
  const messages = await (await client.consumers.get(NAME, 'bench')).consume()
  let arrived: (message: JsMsg) => void = () => undefined
  const reading = (async () => {
    for await (const message of messages) {
      arrived(message)
      message.ack()
    }
  })()
  return {
    oneByOne: (ms) =>
      repeat(1, ms, async () => {
        const here = new Promise<JsMsg>((resolve) => {
          arrived = resolve
        })
        await Promise.all([client.publish('bench.one', BODY), here])
        await here
      }),
    acks: (ms) => repeat(CONCURRENT, ms, () => client.publish('bench.many', BODY)),
    async close() {
      messages.stop()
      await reading
      await connection.close()
    },
  }
}

/** So many at a time, each with its next when the one before has ended. */
export async function repeat(concurrent: number, ms: number, work: () => Promise<unknown>): Promise<Loaded> {
  const latencies: number[] = []
  const start = performance.now()
  const one = async (): Promise<void> => {
    do {
      const began = performance.now()
      await work()
      latencies.push(performance.now() - began)
    } while (performance.now() < start + ms)
  }
  await Promise.all(Array.from({ length: concurrent }, one))
  return { ops: latencies.length, ms: performance.now() - start, latencies }
}
