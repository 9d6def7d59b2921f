import { newId } from '@credence/credential'
import { systemRandom } from '@credence/service'
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { parse } from 'yaml'

/** A client at the NATS of a platform that may do there what it likes, and is none of its services. */
export interface Stranger {
  /** What the messages are about. */
  readonly subject: string
  /** Messages that look like that fact, which nobody stated, all with one new event id; resolves when the stream has them. */
  forge(fact: { readonly type: string; readonly source: string; readonly data: object }, times?: number): Promise<void>
  /** Bytes that are no event, under the subject of one. */
  litter(type: string): Promise<void>
  /** True when every subscriber, ours and theirs, has dealt with all that is in the stream. */
  isQuiet(): Promise<boolean>
  /** The settings of a consumer, as the server has them. */
  consumer(durable: string): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

const STREAM = 'CREDENCE'

export async function strangerAt(url: string, about: { readonly project: string; readonly subject: string }): Promise<Stranger> {
  const nc: NatsConnection = await connect({ servers: url })
  const manager: JetStreamManager = await jetstreamManager(nc)
  const stream = jetstream(nc)
  const subjectOf = (type: string): string => `credence.v1.${about.project}.${type}.${about.subject}`
  return {
    subject: about.subject,
    async forge({ type, source, data }, times = 1) {
      const event = { specversion: '1.0', id: newId('evt', systemRandom.bytes), source: `credence/${source}`, type: `dev.credence.${type}` }
      const rest = { subject: about.subject, time: new Date().toISOString(), datacontenttype: 'application/json', project: about.project }
      const head = headers()
      for (const [name, value] of Object.entries({ ...event, ...rest, seq: '4000000000' })) head.set(`ce-${name}`, value)
      for (let i = 0; i < times; i++) await stream.publish(subjectOf(type), JSON.stringify(data), { headers: head })
    },
    async litter(type) {
      const head = headers()
      head.set('ce-type', `dev.credence.${type}`)
      await stream.publish(subjectOf(type), new Uint8Array([0xff, 0x00]))
      await stream.publish(subjectOf(type), '{', { headers: head })
      head.set('ce-id', newId('evt', systemRandom.bytes))
      head.set('ce-subject', 'cred_of_somebody_else')
      await stream.publish(subjectOf(type), '{}', { headers: head })
      head.set('ce-subject', about.subject)
      await stream.publish(subjectOf(type), 'null', { headers: head })
    },
    async isQuiet() {
      for await (const { num_pending, num_ack_pending } of manager.consumers.list(STREAM)) {
        if (num_pending + num_ack_pending > 0) return false
      }
      return true
    },
    consumer: async (durable) => ({ ...(await manager.consumers.info(STREAM, durable)).config }),
    close: () => nc.close(),
  }
}

/** The consumer settings that a document of the stream asks for. */
export function consumerSettingsIn(asyncapi: string): Readonly<Record<string, unknown>> {
  return parse(asyncapi).servers.nats['x-nats-consumer']
}
