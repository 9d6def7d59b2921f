import type { Fact } from '../event-bus.ts'
import type { EventStream } from './event-stream.ts'
import { ANSWER_MS, asUnavailable, type Link } from './link.ts'
import { messageOf } from './message.ts'

export interface PublishOptions {
  readonly link: Link
  readonly stream: EventStream
  /** Added to the message id: what is published again must pass a server that remembers the ids, of what it lost, too. */
  readonly again?: string
}

/** Resolves when the server has all of them. Facts of a subject go one after the other, so that none is stored without those before it. Throws UNAVAILABLE within about five seconds. */
export async function publish(facts: readonly Fact[], options: PublishOptions): Promise<void> {
  const groups = [...Map.groupBy(facts, (fact) => fact.subject).values()]
  await Promise.all(groups.map((group) => publishInOrder(group, options)))
}

async function publishInOrder(facts: readonly Fact[], options: PublishOptions): Promise<void> {
  for (const fact of facts) await publishOne(fact, options)
}

async function publishOne(fact: Fact, { link, stream, again }: PublishOptions): Promise<void> {
  const { subject, headers, payload } = messageOf(fact)
  const msgID = again === undefined ? fact.id : `${fact.id}.${again}`
  try {
    const { seq, duplicate } = await link.ask(({ js }) => js.publish(subject, payload, { headers, msgID, timeout: ANSWER_MS, retries: 1 }))
    if (!duplicate) stream.reached(seq)
  } catch (error) {
    // Gone, or no longer ours: whoever asks for its state next makes it again.
    stream.doubt()
    throw asUnavailable(error)
  }
}
