import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeFailureDocuments } from '../../../src/pipeline/document.js'
import { Processor } from '../../../src/pipeline/processor.js'
import type { ProcessorOptions } from '../../../src/pipeline/processor-options.js'
import { FailureLineShipper } from '../../../src/pipeline/repartition/failure-line-shipper.js'
import { TwoStages } from '../../../src/pipeline/repartition/two-stages.js'
import type { Steps } from '../../../src/pipeline/steps.js'
import type { FailureDocument, IndexDocument, LineSource } from '../../../src/records.js'
import { REDACT_ALL, Redactor } from '../../../src/redact/redactor.js'
import type { LineMessage } from '../../../src/sinks/kafka/line-sink.js'
import { MessageBlocks } from '../../../src/sources/kafka/messages.js'
import { linesOver, WINDOW_MS, type WrittenLine } from '../../property/traffic-lines.js'
import { blockOf } from '../../support/lines.js'

const PARTITIONS = 3
const redactor = new Redactor(REDACT_ALL, Buffer.from('secret'))
const options: ProcessorOptions = {
  redactor,
  windowMs: WINDOW_MS,
  latenessMs: 60_000,
  maxPending: 100_000,
  maxRemembered: 50_000,
  emit: 'eager',
  isScattered: true,
}

interface Scattered extends WrittenLine {
  readonly number: number
  readonly partition: number
  readonly isNamed: boolean
}

const scattered = fc
  .tuple(linesOver(30 * 60_000), fc.array(fc.nat(PARTITIONS - 1), { minLength: 500, maxLength: 500 }), fc.boolean())
  .map(([lines, places, isNamed]) =>
    lines.map((line, number): Scattered => ({ ...line, number, partition: places[number % places.length], isNamed })),
  )

/** Gives each line as a message of its own partition; places in files do not matter here. */
function feed(steps: Steps, lines: readonly Scattered[]): void {
  for (const { number, gateway, partition, isNamed, text } of lines) {
    const place = `t/${partition}`
    const source: LineSource = isNamed
      ? { path: gateway, partition: `${place}/${gateway}`, gateway }
      : { path: place, partition: place, gateway: null }
    steps.process(blockOf(`${text}\n`, { source, offset: 1 + number * 1_000, last: false }))
  }
}

function answerOf(documents: readonly IndexDocument[]) {
  const failures = new Map<string, FailureDocument>()
  const traffic = new Map<string, object>()
  for (const { kind, id, document } of documents) {
    if (kind === 'traffic') traffic.set(id, document)
    else {
      const known = failures.get(id)
      failures.set(id, known === undefined ? document : mergeFailureDocuments(known, document))
    }
  }
  const sorted = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  return { failures: sorted(failures), traffic: sorted(traffic) }
}

function onePass(lines: readonly Scattered[]) {
  const processor = new Processor({ ...options, emit: 'final' })
  feed(processor, lines)
  processor.finish()
  return answerOf(processor.take())
}

/** Lines of failures go through a topic and come back in parts, those of each partition in their order. */
async function throughTopic(lines: readonly Scattered[], cuts: readonly number[]) {
  const waiting: LineMessage[] = []
  const shipper = new FailureLineShipper({
    redactor,
    sink: { maxWrites: 1, write: async (shipped) => void waiting.push(...shipped) },
  })
  const steps = new TwoStages({
    counting: new Processor({ ...options, onFailureLine: (view) => shipper.add(view) }),
    joining: new Processor(options),
    isJoining: (partition) => partition.startsWith('r/'),
  })
  const blocks = new MessageBlocks({ topic: 'r' })
  const documents: IndexDocument[] = []
  let offset = 0
  const comeBack = (partition: number): void => {
    const isThere = ({ key }: LineMessage): boolean => key.charCodeAt(key.length - 1) % PARTITIONS === partition
    const messages = waiting.filter(isThere).map(({ key, value, headers }) => ({
      offset: offset++,
      timestampMs: 0,
      key: Buffer.from(key),
      value,
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    }))
    waiting.splice(0, waiting.length, ...waiting.filter((line) => !isThere(line)))
    for (const block of blocks.toBlocks({ partition, messages, nextOffset: offset, highWatermark: offset })) {
      steps.process(block)
    }
  }
  let from = 0
  for (const cut of [...cuts, lines.length]) {
    feed(steps, lines.slice(from, Math.max(from, cut)))
    from = Math.max(from, cut)
    await shipper.finish()
    comeBack(cut % PARTITIONS)
    steps.advance()
    steps.emitChanged()
    documents.push(...steps.take())
  }
  for (let partition = 0; partition < PARTITIONS; partition++) comeBack(partition)
  steps.finish()
  documents.push(...steps.take())
  return { ...answerOf(documents), ledger: steps.ledger, shipper }
}

test('lines of failures that go through a topic of their own give what one pass gives', async () => {
  const cuts = fc.array(fc.nat({ max: 500 }), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(scattered, fc.boolean(), cuts, async (lines, isUneven, borders) => {
      const { failures, traffic, ledger, shipper } = await throughTopic(
        // As where one partition is read long before another.
        isUneven ? [...lines].sort((a, b) => a.partition - b.partition) : lines,
        [...borders].sort((a, b) => a - b).filter((cut) => cut < lines.length),
      )
      const expected = onePass(lines)
      expect(failures).toEqual(expected.failures)
      expect(traffic).toEqual(expected.traffic)
      expect(ledger.lines).toBe(lines.length)
      expect(shipper.stored).toBe(shipper.pushed)
    }),
    { numRuns: 150 },
  )
})
