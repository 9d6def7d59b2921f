import { CodedError, isCoded } from '@credence/errors'
import type { Clock, Logger } from '@credence/service'
import type { Stored } from '@credence/store'
import type { EventBus, Fact, SeparateStream, StreamState } from '../event-bus.ts'
import { type EventLog, KEPT_MS, type Mark, type StreamDoc } from './event-log.ts'

export interface StreamGuardOptions {
  readonly bus: EventBus
  readonly events: EventLog
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Keeps the stream equal to the event log of one service. */
export interface StreamGuard {
  /** Publishes the event log again when the stream does not hold it any more. To be called before anything newer is published. */
  restore(): Promise<void>
  /** Publishes one fact. Throws UNAVAILABLE when the stream was lost since `restore`: older facts must come first. */
  publish(fact: Fact): Promise<void>
  /** Notes now and then how far the stream has come, so that its loss is noticed though no process that saw it lives. */
  mark(): Promise<void>
}

interface Marking {
  readonly state: StreamState
  readonly now: number
  /** The position of the oldest fact that came in this epoch. */
  readonly begin: number
}

const MARK_EVERY_MS = 10_000
/** The clocks of two replicas are no further apart, and a fact is on the bus within this time of coming into the log. */
const AROUND_MARK_MS = 60_000
const MARKS_APART_MS = 24 * 3_600_000
/** What is about to go by its age may be gone a little early: the server counts from another moment than we do. */
const EARLY_MS = 3_600_000

/**
 * G1 An epoch that is not the one this log was published in means that the stream was lost.
 * G2 A stream of the same epoch that ends before the newest mark, or begins after a young one, has lost facts.
 * G3 What came after the newest mark is published again by each relay that starts: its loss leaves no trace in the marks.
 * G4 The epoch is noted when all is published: a crash before that begins again.
 * G5 The first mark is where the facts of the epoch begin, so that also the oldest of them are missed when they are gone.
 */
export function streamGuard(options: StreamGuardOptions): StreamGuard {
  const { bus, clock } = options
  const { stream } = bus
  // A stream in the store cannot be lost alone.
  if (stream === undefined) return { restore: async () => undefined, publish: (fact) => bus.publish([fact]), mark: async () => undefined }
  let restored: string | undefined
  let restoring: Promise<string | undefined> | undefined
  let markedAt = Number.NEGATIVE_INFINITY
  return {
    async restore() {
      const state = await stream.state()
      if (state.epoch === restored && clock.monotonicMs() - markedAt < MARK_EVERY_MS) return
      restoring ??= restoreInto(stream, { ...options, isFirst: restored === undefined }).finally(() => {
        restoring = undefined
      })
      restored = await restoring
    },
    async publish(fact) {
      if ((await stream.state()).epoch !== restored)
        throw new CodedError('UNAVAILABLE', 'The stream was lost; it is published again first.')
      await bus.publish([fact])
    },
    async mark() {
      if (clock.monotonicMs() - markedAt < MARK_EVERY_MS) return
      const doc = await options.events.stream()
      // The first mark is made as soon as there is something to lose.
      const state = await stream.state({ fresh: doc?.marks.length === 0 })
      if (doc?.epoch !== state.epoch) return
      // G5: where there was nothing to mark before, all that the stream holds has come since.
      const marks = withMark(doc.marks, { state, now: clock.now(), begin: state.oldest })
      if (marks.length > 0) markedAt = clock.monotonicMs()
      if (marks !== doc.marks) await options.events.setStream({ epoch: doc.epoch, marks }, doc).catch(passOver)
    },
  }
}

/** Gives the epoch that the log is published in. */
async function restoreInto(
  stream: SeparateStream,
  options: StreamGuardOptions & { readonly isFirst: boolean },
): Promise<string | undefined> {
  const { events, clock, log, signal } = options
  const doc = await events.stream()
  // Asked after the marks were read, so that none of them can be ahead of it.
  const { epoch: found, ...held } = await stream.state({ fresh: true })
  if (doc?.epoch === found) {
    if (holds(held, doc, clock.now())) {
      if (options.isFirst) await publishSince(doc.marks.at(-1), options)
      return found
    }
    // G2
    await stream.renew(found)
  }
  const { epoch, newest } = await stream.state({ fresh: true })
  let count = 0
  for await (const facts of events.pages()) {
    if (signal.aborted) return undefined
    // Another relay of the service was faster; what both publish is taken once.
    if ((await events.stream())?.epoch === epoch) return epoch
    await stream.restore(facts)
    count += facts.length
  }
  const state = await stream.state({ fresh: true })
  if (state.epoch !== epoch) return undefined
  // G4, G5
  await events.setStream({ epoch, marks: withMark([], { state, now: clock.now(), begin: newest + 1 }) }, doc).catch(passOver)
  if (count > 0) log.warn('relay.stream_restored', { count })
  return epoch
}

/** G3: what the stream holds already is dropped there by its id. */
async function publishSince(mark: Mark | undefined, { bus, events, signal }: StreamGuardOptions): Promise<void> {
  const from = mark === undefined ? undefined : new Date(mark.at.getTime() - AROUND_MARK_MS)
  for await (const facts of events.pages(from)) {
    if (signal.aborted) return
    await bus.publish(facts)
  }
}

/** G2 */
function holds({ oldest, newest }: Omit<StreamState, 'epoch'>, { marks }: Stored<StreamDoc>, now: number): boolean {
  const young = marks.find(({ at }) => at.getTime() > now - KEPT_MS + EARLY_MS)
  return (marks.at(-1)?.position ?? 0) <= newest && (young === undefined || oldest <= young.position)
}

/** The newest replaces the one before it while that is no day after its own forerunner. Where nothing is held there is nothing to mark. */
function withMark(marks: readonly Mark[], { state, now, begin }: Marking): readonly Mark[] {
  const { oldest, newest } = state
  if (oldest > newest || marks.at(-1)?.position === newest) return marks
  const last = { position: newest, at: new Date(now) }
  if (marks.length === 0) return begin < newest ? [{ position: begin, at: last.at }, last] : [last]
  const kept = marks.filter(({ at }) => at.getTime() > now - KEPT_MS)
  const [forerunner, before] = [kept.at(-2), kept.at(-1)]
  const replaces = forerunner !== undefined && before !== undefined && before.at.getTime() - forerunner.at.getTime() < MARKS_APART_MS
  return [...(replaces ? kept.slice(0, -1) : kept), last]
}

/** Another relay of the service has done it. */
function passOver(error: unknown): void {
  if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
}
