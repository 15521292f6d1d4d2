import { randomUUID } from 'node:crypto'
import { ConfigError, type HangupError } from '../../errors.js'
import { deleteGroup, describeTopic, offsetsAt } from './admin.js'
import type { KafkaConnection } from './client-options.js'
import type { MessageBatch } from './contract.js'
import { openGroupReader } from './group-reader.js'
import { patiently } from './patiently.js'
import { expired } from './tenures.js'

/** Offsets by partition, or the first ones of a time or later. */
export type TopicPlace = ReadonlyMap<number, number> | { readonly timeMs: number }

export interface TopicReadOptions extends KafkaConnection {
  readonly topic: string
  /** Partitions that a map does not name are not read. */
  readonly from: TopicPlace | 'beginning'
  /** Where to end, exclusive; partitions that a map does not name, and all if absent: at what is there at the start. */
  readonly to?: TopicPlace
  readonly onProblem: (problem: HangupError) => void
}

export interface TopicReading {
  /** Batches like those of a group's reader; ends when all partitions have reached their end, or at an abort. */
  read(signal: AbortSignal): AsyncIterable<MessageBatch>
  /** Counted by offsets, so that it reaches its end also where there are gaps; all null before the start. */
  progress(): { readonly readMessages: number; readonly totalMessages: number | null }
}

/** A stretch of one partition, and how far it is read. */
interface Stretch {
  readonly from: number
  readonly to: number
  position: number
}

/** Reads what lies in a topic, without touching the positions of any group: its own group is deleted at the end. */
export function readTopic(options: TopicReadOptions): TopicReading {
  let stretches: ReadonlyMap<number, Stretch> | null = null
  const sum = (of: (stretch: Stretch) => number): number =>
    [...(stretches?.values() ?? [])].reduce((total, stretch) => total + of(stretch), 0)
  return {
    async *read(signal) {
      stretches = await patiently({ ...options, signal }, () => lookUp(options))
      if (stretches !== null) yield* readStretches(options, stretches, signal)
    },
    progress: () => ({
      readMessages: sum(({ from, position }) => position - from),
      totalMessages: stretches === null ? null : sum(({ from, to }) => to - from),
    }),
  }
}

async function* readStretches(
  options: TopicReadOptions,
  stretches: ReadonlyMap<number, Stretch>,
  signal: AbortSignal,
): AsyncGenerator<MessageBatch, void, undefined> {
  const open = new Set([...stretches.keys()].filter((partition) => !isRead(stretches.get(partition)!)))
  if (open.size === 0) return
  const groupId = `${options.clientId}-read-${randomUUID()}`
  const reader = openGroupReader({
    ...options,
    groupId,
    startOf: (partition) => stretches.get(partition)?.position ?? 'end',
  })
  const done = new AbortController()
  try {
    for await (const event of reader.read(AbortSignal.any([signal, done.signal]))) {
      if (event.kind === 'assigned') {
        for (const { partition } of event.gained) if (!open.has(partition)) reader.dismiss(partition)
        continue
      }
      const { partition } = event.batch
      const stretch = stretches.get(partition)
      if (stretch === undefined || isRead(stretch)) continue
      const batch = upTo(event.batch, stretch.to)
      stretch.position = batch.nextOffset
      if (batch.messages.length > 0) yield batch
      if (!isRead(stretch)) continue
      open.delete(partition)
      reader.dismiss(partition)
      if (open.size === 0) done.abort()
    }
  } finally {
    await reader.close()
    // A group without members and offsets goes away by itself; it is only tidier at once.
    await deleteGroup(options, groupId).catch(() => {})
  }
}

function isRead({ position, to }: Stretch): boolean {
  return position >= to
}

/** Without what lies at the end of the stretch and behind it. */
function upTo(batch: MessageBatch, to: number): MessageBatch {
  if (batch.nextOffset <= to) return batch
  return { ...batch, nextOffset: to, messages: batch.messages.filter(({ offset }) => offset < to) }
}

/** Where to begin and end. */
async function lookUp(options: TopicReadOptions): Promise<ReadonlyMap<number, Stretch>> {
  const { topic, from, to, onProblem } = options
  const ranges = await describeTopic(options, topic)
  if (ranges === null) {
    throw new ConfigError(`there is no such topic: ${topic}`, {
      code: 'topic_not_found',
      hint: 'create it, or correct the name',
    })
  }
  const starts = from === 'beginning' ? null : await offsetsOf(options, from)
  const ends = to === undefined ? null : await offsetsOf(options, to)
  const stretches = new Map<number, Stretch>()
  for (const { partition, begin, end } of ranges) {
    const start = starts === null ? begin : starts.get(partition)
    if (start === undefined) continue
    const last = Math.min(ends?.get(partition) ?? end, end)
    const first = Math.max(start, begin)
    if (start < begin && last > start) onProblem(expired(topic, partition, Math.min(begin, last) - start))
    stretches.set(partition, { from: first, to: Math.max(first, last), position: first })
  }
  return stretches
}

async function offsetsOf(options: TopicReadOptions, place: TopicPlace): Promise<ReadonlyMap<number, number>> {
  return 'timeMs' in place ? offsetsAt(options, options.topic, place.timeMs) : place
}
