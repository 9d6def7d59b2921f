import { type LocalJourney, startInside, startOutside } from './journey.ts'
import { type OtlpSink, startOtlpSink } from './otlp-sink.ts'

/** A journey whose platform tells a collector what it does. */
export interface ObservedJourney {
  readonly sink: OtlpSink
  readonly journey: LocalJourney
  /** Ends the platform, the person, the world and the collector. */
  stop(): Promise<void>
}

export async function startObserved(home: string): Promise<ObservedJourney> {
  const sink = await startOtlpSink()
  const world = await startOutside()
  const journey = await startInside(home, { ...world, env: { ...world.env, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url } })
  return {
    sink,
    journey,
    async stop() {
      await journey.platform.process.stop()
      await journey.person.leave()
      await world.close()
      await sink.close()
    },
  }
}
