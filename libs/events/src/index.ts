/** Facts, and how they reach everybody: the outbox inside a document, the event log, the relay, and the bus. */
export type { Delivery, EventBus, Fact, FactFilter, FactHandler, Reset, Subscription } from './event-bus.ts'
