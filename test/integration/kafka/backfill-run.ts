import { PassThrough, Readable } from 'node:stream'
import { loadPipeline } from '../../../src/config/load.js'
import type { HangupError } from '../../../src/errors.js'
import { planBackfill, type TopicRange } from '../../../src/pipeline/backfill/plan.js'
import { runPipeline } from '../../../src/pipeline/run.js'

export interface BackfillPlace {
  readonly brokers: readonly string[]
  readonly topic: string
  readonly store: string
  /** Holds the key of the hash. */
  readonly state: string
}

/** A backfill in this process, which begins sooner than one of its own. Throws for each problem that it tells. */
export async function backfillInProcess(range: TopicRange, place: BackfillPlace): Promise<void> {
  const yaml = `
    name: kafka-to-duckdb
    source: { kafka: { brokers: ${JSON.stringify(place.brokers)}, topic: ${place.topic} } }
    sinks: [{ duckdb: { path: ${JSON.stringify(place.store)} } }]
    state: { directory: ${JSON.stringify(place.state)} }`
  const config = loadPipeline(yaml, { file: 'backfill.yaml', environment: {} })
  const { signal } = new AbortController()
  const problems: HangupError[] = []
  const onProblem = (problem: HangupError): void => void problems.push(problem)
  const stretches = await planBackfill({ config, range, onProblem, signal })
  await runPipeline({
    config,
    once: true,
    backfill: { stretches: stretches.filter(({ from, to }) => from < to), onStored: () => {} },
    proxies: [],
    machine: 'this-machine',
    stdin: Readable.from([]),
    stdout: new PassThrough(),
    signal,
    onProblem,
  })
  if (problems.length > 0) throw problems[0]
}
