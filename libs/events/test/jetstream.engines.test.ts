import { type NatsServer, startNats } from '@credence/testkit'
import { afterAll, beforeAll } from 'vitest'
import { eventBusContract } from './contract.ts'
import { describeWithNats, jetStreamSetting } from './jetstream-setting.ts'

const MAY_BE_SHARED = { mayBeShared: true }
let server: NatsServer

const contract = (): void => {
  beforeAll(async () => {
    server = await startNats(MAY_BE_SHARED)
  })
  afterAll(() => server.stop())

  eventBusContract('JetStream', () => jetStreamSetting(server.url))
}

await describeWithNats('on a NATS server', contract, MAY_BE_SHARED)
