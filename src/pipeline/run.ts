import { RunObserver } from '../observability/observer.js'
import type { PathOf } from '../pcap/findings.js'
import { addressesOf } from '../pcap/host-names.js'
import { Redactor } from '../redact/redactor.js'
import type { KafkaLineSink } from '../sinks/kafka/line-sink.js'
import type { Sink } from '../sinks/sink.js'
import { NOTHING_LOST } from '../sources/tail/tail-losses.js'
import { CheckpointSaver } from './checkpoint-saver.js'
import { CheckpointStore } from './checkpoint-store.js'
import { closeAll } from './close-all.js'
import { DeadLetters } from './dead-letters.js'
import { Delivery } from './delivery.js'
import { HeldFailures } from './held-failures.js'
import type { Input } from './input.js'
import { keyDoctorOf } from './key-doctor.js'
import { openInput } from './open-input.js'
import { openDeadLetterSink, openLineSink, openSink } from './open-sinks.js'
import { PacketRounds } from './packets/packet-rounds.js'
import { PacketWatch } from './packets/packet-watch.js'
import { Processor } from './processor.js'
import { type ProcessorOptions, processorOptions, timeoutsOf } from './processor-options.js'
import type { Save } from './progress.js'
import { ProvisionalVerdicts } from './provisional-verdicts.js'
import { redactionKeyOf } from './redaction-key.js'
import { openRepartition, type Repartition } from './repartition/repartition.js'
import type { RunInput, RunResult, Timing } from './run-input.js'
import { linesOf, Shipper } from './ship/shipper.js'
import type { Steps } from './steps.js'
import { Activity, withTicks } from './ticks.js'

const TIMING: Timing = { tickMs: 1_000, quietMs: 10_000 }
const SELDOM = 15

/**
 * Runs a pipeline: source → processor → delivery → sinks, and positions behind them. Ends when the input is exhausted
 * or the signal aborts; either way everything read is stored, or an error is thrown and the checkpoint has not moved.
 */
export async function runPipeline(input: RunInput): Promise<RunResult> {
  const { config, once, observer = new RunObserver() } = input
  const redactor = new Redactor(config.redact, await redactionKeyOf(config, { mayMake: true }))
  const deadLetters = new DeadLetters({
    sink: openDeadLetterSink(config.deadLetters, input),
    redact: (text) => redactor.rejected(text),
    gatewayOf: ({ gateway }) => (config.gateway.hostFrom === 'machine' ? input.machine : gateway),
  })
  const follows = config.source.kind === 'tail' && !once
  const checkpoints = follows
    ? await CheckpointStore.open({
        directory: config.state.directory,
        pipelineName: config.name,
        onProblem: input.onProblem,
      })
    : null
  const sinks: Sink[] = []
  const lineSinks: KafkaLineSink[] = []
  const shippers: Shipper[] = []
  const repartition = openRepartition({ ...input, redactor, observer })
  const ends = () => [...sinks, ...lineSinks, repartition, deadLetters, checkpoints].filter((end) => end !== null)
  let result: RunResult
  try {
    for (const sink of config.sinks) {
      const watch = observer.watch(sink.kind)
      if (sink.kind === 'kafka') {
        const lineSink = openLineSink(sink, { ...input, watch })
        lineSinks.push(lineSink)
        shippers.push(
          new Shipper({
            redactor,
            sink: { maxWrites: lineSink.maxWrites, write: watch.writing(lineSink, linesOf) },
            machine: input.machine,
            messageBytes: sink.messageBytes,
          }),
        )
      } else sinks.push(watch.over(await openSink(sink, { ...input, deadLetters, watch })))
    }
    result = await process({ ...input, observer, redactor, checkpoints, deadLetters, sinks, shippers, repartition })
  } catch (error) {
    // What went wrong first is what is told.
    await closeAll(ends()).catch(() => {})
    throw error
  }
  await closeAll(ends())
  return result
}

interface Opened extends RunInput {
  readonly observer: RunObserver
  readonly redactor: Redactor
  readonly checkpoints: CheckpointStore | null
  readonly deadLetters: DeadLetters
  readonly sinks: readonly Sink[]
  /** Of raw lines. */
  readonly shippers: readonly Shipper[]
  /** Null where halves travel together. */
  readonly repartition: Repartition | null
}

async function process(opened: Opened): Promise<RunResult> {
  const { observer, deadLetters, repartition } = opened
  const input = await openInput({
    ...opened,
    repartitionTopic: repartition?.topic ?? null,
    onGone: (isGone) => processor.forget(isGone),
  })
  const options: ProcessorOptions = {
    ...processorOptions(opened, input.closedUntilMs),
    onReplayedHalf: (id) => observer.replayedFailure(id),
    onRejection: (reason, view) => {
      observer.rejected(reason)
      if (!input.progress.isStored(view.source, view.offset)) deadLetters.add(reason, view)
    },
  }
  const processor: Steps = repartition?.steps(options) ?? new Processor(options)
  try {
    return await pump({ ...opened, input, processor })
  } finally {
    await input.close()
  }
}

/** Reads, processes and delivers until the input ends or the run is to stop. */
async function pump(opened: Opened & { readonly input: Input; readonly processor: Steps }): Promise<RunResult> {
  const { once, observer, deadLetters, sinks, shippers, signal, input, processor, timing = TIMING } = opened
  const { source, progress } = input
  const delivery = new Delivery(sinks)
  const failureLines = opened.repartition === null ? [] : [opened.repartition.shipper]
  const flows = [delivery, ...shippers, ...failureLines]
  observer.started({
    ledger: () => processor.ledger,
    losses: () => processor.losses,
    requests: () => processor.requests(),
    unsent: () => flows.reduce((sum, { pushed, stored }) => sum + pushed - stored, 0),
    partitions: () => input.lag(),
    pairs: () => processor.pairs,
    inputLosses: () => input.losses?.all ?? [],
    hasTicks: !once,
  })
  signal.addEventListener('abort', () => observer.stopping(), { once: true })
  opened.onStart?.(input.measure)

  const saver = input.keepsPositions
    ? new CheckpointSaver({
        flows: [...flows, deadLetters],
        settle: () => delivery.settle(),
        onSaved: () => observer.checkpointSaved(),
      })
    : null
  const doctor = keyDoctorOf(opened)
  const activity = new Activity(timing.quietMs)
  // Quiet partitions of which all that was read is given out.
  const givenOut = new Set<string>()
  // A run to the end of its input knows all resets of a target before it gives one.
  const timeouts = timeoutsOf(opened.config)
  const held = once ? new HeldFailures({ timeouts }) : null
  const verdicts = held ?? new ProvisionalVerdicts(timeouts)
  const packets = packetsOf(opened)
  const give = async ({ isLast = false } = {}): Promise<void> => {
    const taken = verdicts.add(processor.take())
    const documents = isLast ? [...taken, ...verdicts.end()] : taken
    observer.gave(documents)
    opened.onGiven?.(documents)
    await delivery.push(documents)
    packets?.add(documents)
    for (const shipper of [...shippers, ...failureLines]) await shipper.give()
  }
  const snapshot = async (): Promise<Save> => {
    if (progress.emitsOpen) {
      processor.emitChanged()
      await give()
    }
    return progress.snapshot(processor.openSinceMs(), { isGivenOut: (partition) => givenOut.has(partition) })
  }
  // What is open is given out before each position is taken: where nobody waits for it, seldom.
  const tickMs = once ? (input.keepsPositions ? SELDOM * timing.tickMs : null) : timing.tickMs
  for await (const block of withTicks(source, { tickMs, signal })) {
    observer.turns()
    if (block !== null) {
      let maxMs = Number.NEGATIVE_INFINITY
      for (const part of progress.begin(block)) {
        const work = () => processor.process(part.block, part)
        const partMaxMs = part.isReplay ? observer.replay(work) : work()
        observer.read(part.block, partMaxMs, part)
        maxMs = Math.max(maxMs, partMaxMs)
        if (!part.isReplay) for (const shipper of shippers) shipper.add(part.block)
      }
      progress.add(block, maxMs)
      activity.note(block.source.partition, performance.now())
      givenOut.delete(block.source.partition)
    }
    processor.advance()
    if (block === null) {
      for (const partition of activity.quiet(performance.now())) {
        if (processor.flush(partition)) givenOut.add(partition)
        for (const shipper of shippers) shipper.flush(partition)
      }
    }
    await give()
    await deadLetters.makeRoom({ now: block === null })
    if (block === null) {
      await delivery.push(packets?.take() ?? [])
      doctor?.look(processor.pairs)
      await saver?.save(snapshot)
    }
    observer.report(sinks)
    observer.waits()
  }
  observer.stopping()
  doctor?.look(processor.pairs)

  // What is open is stored as it stands; the checkpoint stays before it, so that the next run completes it.
  const last = progress.snapshot(processor.openSinceMs(), { isGivenOut: () => true })
  processor.finish()
  await give({ isLast: true })
  await delivery.push((await packets?.end({ isLast: once })) ?? [])
  for (const shipper of [...shippers, ...failureLines]) await shipper.finish()
  await delivery.drain()
  await delivery.settle({ now: true })
  await deadLetters.flush()
  await saver?.saveLast(last)
  observer.report(sinks, { isLast: true })
  return {
    ledger: processor.ledger,
    range: processor.range,
    losses: processor.losses,
    documents: sinks.length === 0 ? 0 : delivery.stored,
    shipped: shippers.reduce((sum, { stored }) => sum + stored, 0),
    refused: deadLetters.refused,
    known: held?.known(processor.idleTimes()) ?? null,
    lostInput: input.losses?.total ?? NOTHING_LOST,
  }
}

/** Null where no captures are watched. */
function packetsOf({ config, redactor, signal, onProblem }: Opened): PacketRounds | null {
  if (config.packets === undefined) return null
  const { paths, resolve, scanIntervalMs } = config.packets
  const pathOf: PathOf = (target) => redactor.url(target.replace(/^\//, ''), null).path
  const addresses = addressesOf(resolve)
  return new PacketRounds(new PacketWatch({ paths, addresses, pathOf, onProblem, signal }), scanIntervalMs)
}
