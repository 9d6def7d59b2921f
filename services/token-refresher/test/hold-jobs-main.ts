import { createLogger, systemClock, systemRandom } from '@credence/service'
import { openBullmqQueue } from '../src/queue/bullmq-queue.ts'

/** A replica of its own that begins what comes and ends it on SIGUSR2. `node hold-jobs-main.ts <url> <prefix> <lockMs>` */
const [url = '', prefix = '', lockMs] = process.argv.slice(2)
const log = createLogger({ service: 'token-refresher' })
const queue = await openBullmqQueue({ url, prefix, clock: systemClock, random: systemRandom, log, lockMs: Number(lockMs) })
const released = Promise.withResolvers<void>()
process.on('SIGUSR2', () => released.resolve())
const worker = await queue.process(async (credentialId) => {
  console.log(`begun ${credentialId}`)
  await released.promise
  console.log(`ended ${credentialId}`)
})
process.on('SIGTERM', () => {
  released.resolve()
  void worker.stop().then(() => queue.close())
})
console.log(JSON.stringify({ ready: true }))
