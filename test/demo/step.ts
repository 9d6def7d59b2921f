import type { Journey } from '../support/journey.ts'

/** One step: what it is called, and what it found, in a sentence. A step that throws has failed. */
export interface Step {
  readonly name: string
  readonly title: string
  run(journey: Journey): Promise<string>
}
