/** Prints a line of JSON for each `credential.expired` of libs/events/asyncapi.yaml. What it cannot mend by itself ends it: run it where it is started again. */
import { AckPolicy, DeliverPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'

const { NATS_URL = '127.0.0.1:4222', NATS_USER: user, NATS_PASSWORD: pass, DURABLE = 'expiry-typescript' } = process.env
const REMEMBERED = 10_000

const nc = await connect({ servers: NATS_URL, ...(user && pass && { user, pass }), maxReconnectAttempts: -1, name: DURABLE })
const jsm = await jetstreamManager(nc, { checkAPI: false })
await jsm.consumers.add('CREDENCE', {
  durable_name: DURABLE,
  filter_subject: 'credence.v1.*.credential.expired.*',
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: nanos(30_000),
  max_deliver: -1,
  max_ack_pending: 1,
})
const consumer = await jetstream(nc, { checkAPI: false }).consumers.get('CREDENCE', DURABLE)
const messages = await consumer.consume({ max_messages: 10, abort_on_missing_resource: true })
process.once('SIGTERM', () => {
  messages.stop()
  // For a server that is away. What is not acknowledged comes again.
  setTimeout(() => process.exit(), 2_000).unref()
})

const handled = new Set<string>()
for await (const message of messages) {
  const line = lineOf(message)
  if (line === undefined) {
    message.term('no event of Credence')
    continue
  }
  // At least once: a repeat has the same id. A real subscriber keeps the ids where it keeps its work.
  const id = message.headers?.get('ce-id') ?? ''
  if (!handled.has(id)) console.log(line)
  handled.add(id)
  const [oldest = ''] = handled
  if (handled.size > REMEMBERED) handled.delete(oldest)
  message.ack()
}
await nc.drain()

/** A hint, and no more: before doing anything about it, read the credential through the API. */
function lineOf({ headers, subject, data }: JsMsg): string | undefined {
  const credential_id = headers?.get('ce-subject')
  if (headers?.get('ce-type') !== 'dev.credence.credential.expired' || !headers.get('ce-id')) return undefined
  if (credential_id !== subject.split('.').at(-1)) return undefined
  try {
    const { reason, reconnect_url } = JSON.parse(new TextDecoder().decode(data))
    return JSON.stringify({ credential_id, reason, reconnect_url })
  } catch {
    return undefined
  }
}
