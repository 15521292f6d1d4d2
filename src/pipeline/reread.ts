import type { IndexDocument, Ledger } from '../records.js'
import { Redactor } from '../redact/redactor.js'
import { openSource } from './open-input.js'
import { Processor } from './processor.js'
import { processorOptions } from './processor-options.js'
import { redactionKeyOf } from './redaction-key.js'
import type { RunInput } from './run-input.js'

export interface RereadInput
  extends Pick<RunInput, 'config' | 'proxies' | 'machine' | 'stdin' | 'signal' | 'onProblem' | 'onStart'> {
  /** Takes what the sinks would get. A failure whose half comes late is given again: see `mergeFailureDocuments`. */
  readonly onDocuments: (documents: readonly IndexDocument[]) => void
}

export interface Reread {
  readonly ledger: Readonly<Ledger>
  readonly losses: Processor['losses']
  /** First and last event time read, in milliseconds; null where there was none. */
  readonly range: Processor['range']
  /** Of all sources that gave a line. */
  readonly gateways: ReadonlySet<string | null>
  readonly partitions: ReadonlySet<string>
  readonly paths: ReadonlySet<string>
}

/**
 * Reads the input of a pipeline from its beginning to its end, as `runPipeline` does with `once`, and stores nothing: no
 * documents, no dead letters, no checkpoint, no key. Throws the reason of the signal where that aborts before the end.
 */
export async function reread(input: RereadInput): Promise<Reread> {
  const { config, machine, signal, onDocuments } = input
  const key = config.redact.clientId === 'hash' ? await redactionKeyOf(config, { mayMake: false }) : NO_KEY
  const redactor = new Redactor(config.redact, key)
  const processor = new Processor(processorOptions({ ...input, once: true, redactor }, {}))
  const { source, progress } = await openSource({ ...input, once: true }, { resume: [] })
  input.onStart?.(progress)
  const gateways = new Set<string | null>()
  const partitions = new Set<string>()
  const paths = new Set<string>()
  const deliver = (): void => {
    const documents = processor.take()
    if (documents.length > 0) onDocuments(documents)
  }
  for await (const block of source.read(signal)) {
    gateways.add(config.gateway.hostFrom === 'machine' ? machine : block.source.gateway)
    partitions.add(block.source.partition)
    paths.add(block.source.path)
    processor.process(block)
    processor.advance()
    deliver()
  }
  signal.throwIfAborted()
  processor.finish()
  deliver()
  return { ledger: processor.ledger, losses: processor.losses, range: processor.range, gateways, partitions, paths }
}

const NO_KEY = new Uint8Array(0)
