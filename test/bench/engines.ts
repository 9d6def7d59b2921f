import {
  givenMongodb,
  haveMongodb,
  haveNats,
  haveRedis,
  type MongodbServer,
  type NatsServer,
  type RedisServer,
  startMongodb,
  startNats,
  startRedis,
} from '@credence/testkit'

export type EngineName = 'mongodb' | 'nats' | 'redis'

/**
 * The engines of the distributed profile, each started when the first row asks for it. They are on the core of the bench,
 * which is that of the load: what is measured has the other one.
 */
export class Engines {
  readonly #started: AsyncDisposable[] = []
  #mongodb: Promise<MongodbServer> | undefined
  #nats: Promise<NatsServer> | undefined
  #redis: Promise<RedisServer> | undefined

  /** Why these cannot be had on this machine; undefined where they can. In CI that is an error instead. */
  async missing(...names: readonly EngineName[]): Promise<string | undefined> {
    if (names.includes('mongodb') && givenMongodb() === undefined && !(await haveMongodb())) return 'needs MongoDB'
    if (names.includes('nats') && !(await haveNats())) return 'needs NATS'
    return names.includes('redis') && !(await haveRedis()) ? 'needs Redis' : undefined
  }

  /** That of CREDENCE_TEST_MONGODB_URL, or one that is started. */
  async mongodb(): Promise<string> {
    const given = givenMongodb()
    if (given !== undefined) return given
    this.#mongodb ??= this.#keep(startMongodb())
    return (await this.#mongodb).url
  }

  /** As it is run in production: each message is on the disk before it is acknowledged. */
  async nats(): Promise<string> {
    this.#nats ??= this.#keep(startNats())
    return (await this.#nats).url
  }

  /** As NATS is without a setting: what was acknowledged may be in memory for two minutes. */
  async natsThatMayLose(): Promise<string> {
    return (await this.#keep(startNats({ syncInterval: '2m' }))).url
  }

  async redis(): Promise<string> {
    this.#redis ??= this.#keep(startRedis())
    return (await this.#redis).url
  }

  async close(): Promise<void> {
    for (const engine of this.#started) await engine[Symbol.asyncDispose]()
  }

  async #keep<E extends AsyncDisposable>(starting: Promise<E>): Promise<E> {
    const engine = await starting
    this.#started.push(engine)
    return engine
  }
}
