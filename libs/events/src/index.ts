/** Facts, and how they reach everybody: the outbox inside a document, the event log, the relay, and the bus. */
export { openEmbeddedBus } from './embedded/open.ts'
export type { Delivery, EventBus, Fact, Reset, Subscription } from './event-bus.ts'
export { asCloudEvent, fromCloudEvent, subjectOf } from './fact/cloud-event.ts'
export { type FactType, factOf, type NewFact } from './fact/facts.ts'
export { inspectJetStream, openJetStreamBus } from './jetstream.ts'
export { addFacts, type HasOutbox, OUTBOX_INDEX } from './outbox/outbox.ts'
export { type Relay, startRelay } from './outbox/relay.ts'
export { replay } from './outbox/replay.ts'
