import { type NatsServer, startNats } from '@credence/testkit'
import { afterAll, beforeAll } from 'vitest'
import { eventBusContract } from './contract.ts'
import { describeWithNats, jetStreamSetting } from './jetstream-setting.ts'

let server: NatsServer

await describeWithNats('on a NATS server', () => {
  beforeAll(async () => {
    server = await startNats()
  })
  afterAll(() => server.stop())

  eventBusContract('JetStream', () => jetStreamSetting(server.url))
})
