import type { PipelineConfig } from '../../config/schema.js'
import type { RunObserver } from '../../observability/observer.js'
import type { Redactor } from '../../redact/redactor.js'
import { openLineSink } from '../open-sinks.js'
import { Processor } from '../processor.js'
import type { ProcessorOptions } from '../processor-options.js'
import type { RunInput } from '../run-input.js'
import type { Steps } from '../steps.js'
import { FailureLineShipper } from './failure-line-shipper.js'
import { TwoStages } from './two-stages.js'

/** The topic where the halves of requests meet that travel by partitions of their own. */
export interface Repartition {
  readonly topic: string
  readonly shipper: FailureLineShipper
  steps(options: ProcessorOptions): Steps
  close(): Promise<void>
}

export type RepartitionInput = Pick<RunInput, 'config' | 'once' | 'signal' | 'onProblem'> & {
  readonly redactor: Redactor
  readonly observer: RunObserver
}

/** Null where halves travel together, or where one process reads all of them. */
export function openRepartition({ config, once, observer, ...input }: RepartitionInput): Repartition | null {
  const { source } = config
  if (!isRepartitioned(source) || once) return null
  const { brokers, security, repartitionTopic: topic } = source
  const watch = observer.watch('repartition')
  const sink = openLineSink({ brokers, security, topic, compression: 'lz4' }, { ...input, watch })
  const writer = { maxWrites: sink.maxWrites, write: watch.writing(sink) }
  const shipper = new FailureLineShipper({ redactor: input.redactor, sink: writer })
  return {
    topic,
    shipper,
    steps: (options) =>
      new TwoStages({
        counting: new Processor({ ...options, onFailureLine: (view) => shipper.add(view) }),
        joining: new Processor(options),
        isJoining: (partition) => partition.startsWith(`${topic}/`),
      }),
    close: () => sink.close(),
  }
}

/** True where the halves of a topic's requests are to meet in another one. */
function isRepartitioned(
  source: PipelineConfig['source'],
): source is PipelineConfig['source'] & { readonly kind: 'kafka' } {
  return source.kind === 'kafka' && source.partitionedBy === 'none'
}
