import { connect } from 'node:net'
import { type MongodbServer, type NatsServer, type RedisServer, startMongodb, startNats, startRedis } from '@credence/testkit'
import { type Cluster, SERVICES, startCluster } from '../support/cluster.ts'
import { type Journey, journeyOn, startOutside } from '../support/journey.ts'
import type { Step } from './step.ts'
import { STEPS } from './steps.ts'

/** How the platform of a demo is run. */
export interface Profile {
  readonly steps: readonly Step[]
  /** Ends what is not the platform's own. */
  close(): Promise<void>
}

/** The same steps on two replicas of each service, MongoDB, NATS and Redis; on the way one replica of each is killed and Redis wiped. */
export function distributed(home: string, begin: (journey: Journey) => string): Profile {
  let engines: { mongodb: MongodbServer; nats: NatsServer; redis: RedisServer } | undefined
  let cluster: Cluster | undefined
  const running = (): { engines: NonNullable<typeof engines>; cluster: Cluster } => {
    if (engines === undefined || cluster === undefined) throw new TypeError('the platform has not started')
    return { engines, cluster }
  }
  const start: readonly Step[] = [
    {
      name: 'engines',
      title: 'Start a MongoDB server, NATS with JetStream, and Redis',
      async run() {
        const [mongodb, nats, redis] = await Promise.all([startMongodb(), startNats(), startRedis({ appendOnly: true })])
        engines = { mongodb, nats, redis }
        return `${mongodb.url} · ${nats.url} · ${redis.url}`
      },
    },
    {
      name: 'start',
      title: 'Start an authorization server, five APIs, and two replicas of each service: ten processes',
      async run() {
        const world = await startOutside()
        const { mongodb, nats, redis } = engines!
        cluster = await startCluster({ home, engines: { mongodb: mongodb.url, nats: nats.url, redis: redis.url }, env: world.env })
        const folders = [home, mongodb.folder, nats.folder ?? '', redis.folder ?? ''].filter((folder) => folder !== '')
        return begin({ ...(await journeyOn(cluster, { home, world })), folders })
      },
    },
  ]
  const faults: readonly Step[] = [
    {
      name: 'kill',
      title: 'Kill one replica of each service, and wipe Redis',
      async run() {
        await Promise.all(SERVICES.map((service) => running().cluster.end(service, 1, 'SIGKILL')))
        await wipe(running().engines.redis)
        return 'five processes ended with SIGKILL; Redis is empty'
      },
    },
  ]
  const back: readonly Step[] = [
    {
      name: 'back',
      title: 'Start the replicas that were killed, on their volumes',
      async run() {
        for (const service of SERVICES) await running().cluster.start(service, 1)
        return 'ten processes again'
      },
    },
  ]
  const at = (name: string): number => STEPS.findIndex((step) => step.name === name)
  const [killed, restarted] = [at('refresh_ahead'), at('revoked')]
  return {
    steps: [...start, ...STEPS.slice(0, killed), ...faults, ...STEPS.slice(killed, restarted), ...back, ...STEPS.slice(restarted)],
    async close() {
      await engines?.redis.stop()
      await engines?.nats.stop()
      await engines?.mongodb.stop()
    },
  }
}

/** As an operator does by mistake. */
function wipe({ url }: RedisServer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('FLUSHALL\r\n'))
    socket.once('data', (answer) => {
      socket.destroy()
      if (String(answer).startsWith('+OK')) resolve()
      else reject(new TypeError('Redis was not wiped'))
    })
    socket.once('error', reject)
  })
}
