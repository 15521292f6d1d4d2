import { ConfigError, type HangupError } from '../errors.js'
import type { PairCounts } from '../join/joiner.js'
import type { RunInput } from './run-input.js'

/** Pairs that travel apart before it is said: a few do where partitions were added, or a producer was started anew. */
const FEWEST = 20
/** Target halves that find nobody before that is said. */
const FEWEST_ALONE = 200
/** Share of pairs below which it is not worth a word. */
const LEAST_SHARE = 0.01
/** It is said again when so many times more have come. */
const GROWTH = 10

/** What to do about it, told with each finding. */
const KEY_HINT =
  'key messages by gateway host and log file, as pipelines/tail-to-kafka.yaml does, or set source.kafka.partitionedBy: none'

/**
 * Notices from the pairs themselves that a topic is not keyed as the pipeline believes: the two halves of requests come by
 * different partitions. Where each instance reads few partitions, the halves never meet: then it is only likely.
 */
export class KeyDoctor {
  readonly #topic: string
  readonly #onProblem: (problem: HangupError) => void
  #nextApart = FEWEST
  #nextAlone = FEWEST_ALONE

  constructor({ topic, onProblem }: { readonly topic: string; readonly onProblem: (problem: HangupError) => void }) {
    this.#topic = topic
    this.#onProblem = onProblem
  }

  /** Looks at the counts of a run so far, and tells what they mean; the same thing ever more rarely. */
  look({ together, apart, alone }: PairCounts): void {
    if (apart >= this.#nextApart && apart >= (together + apart) * LEAST_SHARE) {
      this.#nextApart = apart * GROWTH
      this.#onProblem(travelApart(this.#topic, { together, apart }))
    } else if (apart < FEWEST && alone >= this.#nextAlone && alone > together) {
      this.#nextAlone = alone * GROWTH
      this.#onProblem(
        new ConfigError(
          `${alone} target halves came without their client halves, ${together} with them: topic ${this.#topic}`,
          {
            code: 'config',
            hint: 'do they travel on different partitions? Run hangup check --connect with this pipeline file',
          },
        ),
      )
    }
  }
}

/** Null where halves may travel as they like. */
export function keyDoctorOf({ config, onProblem }: Pick<RunInput, 'config' | 'onProblem'>): KeyDoctor | null {
  const { source } = config
  if (source.kind !== 'kafka' || source.partitionedBy === 'none') return null
  return new KeyDoctor({ topic: source.topic, onProblem })
}

/** What to say of a topic whose pairs travel apart. */
export function travelApart(topic: string, { together, apart }: Pick<PairCounts, 'together' | 'apart'>): ConfigError {
  const message = `the halves of ${apart} of ${together + apart} requests travel on different partitions: topic ${topic}`
  return new ConfigError(message, { code: 'config', hint: KEY_HINT })
}
