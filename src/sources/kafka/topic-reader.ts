import { randomUUID } from 'node:crypto'
import { deleteGroup } from './admin.js'
import type { MessageBatch } from './contract.js'
import { openGroupReader } from './group-reader.js'
import { planTopic, type TopicPlanOptions, type TopicStretch } from './topic-plan.js'
import { settledWithin } from './waiting.js'

export type TopicReadOptions = TopicPlanOptions

export interface TopicReading {
  /** Batches like those of a group's reader; ends when all partitions have reached their end, or at an abort. */
  read(signal: AbortSignal): AsyncIterable<MessageBatch>
  /** Counted by offsets, so that it reaches its end also where there are gaps; all null before the start. */
  progress(): { readonly readMessages: number; readonly totalMessages: number | null }
  /** How far each partition is read: up to the batch that was given last. Null before the start. */
  positions(): readonly StretchPosition[] | null
}

/** A stretch of one partition, and how far it is read. */
export interface StretchPosition extends Omit<TopicStretch, 'begin' | 'end'> {
  readonly position: number
}

interface Stretch extends StretchPosition {
  position: number
}

/** Reads what lies in a topic, without touching the positions of any group: its own group is deleted at the end. */
export function readTopic(options: TopicReadOptions): TopicReading {
  let stretches: ReadonlyMap<number, Stretch> | null = null
  const sum = (of: (stretch: Stretch) => number): number =>
    [...(stretches?.values() ?? [])].reduce((total, stretch) => total + of(stretch), 0)
  return {
    async *read(signal) {
      const plan = await planTopic(options, signal)
      if (plan === null) return
      stretches = new Map(plan.map((stretch) => [stretch.partition, { ...stretch, position: stretch.from }]))
      yield* readStretches(options, stretches, signal)
    },
    progress: () => ({
      readMessages: sum(({ from, position }) => position - from),
      totalMessages: stretches === null ? null : sum(({ from, to }) => to - from),
    }),
    positions: () => (stretches === null ? null : [...stretches.values()]),
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
    await settledWithin(deleteGroup(options, groupId), TIDY_MS)
  }
}

/** Brokers that are away hold up no stop. */
const TIDY_MS = 2_000

function isRead({ position, to }: Stretch): boolean {
  return position >= to
}

/** Without what lies at the end of the stretch and behind it. */
function upTo(batch: MessageBatch, to: number): MessageBatch {
  if (batch.nextOffset <= to) return batch
  return { ...batch, nextOffset: to, messages: batch.messages.filter(({ offset }) => offset < to) }
}
