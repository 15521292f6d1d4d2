import { InputError } from '../../errors.js'
import type { Committed, GroupEvent, GroupReaderOptions } from './contract.js'

/**
 * The time through which a partition is ours without a break, so that the state built from it stays right. Lives on
 * through new assignments and new connections; ends when the partition is lost or gained anew.
 */
export interface Tenure {
  readonly partition: number
  /** Where the next batch must begin. */
  position: number
  /** What the group's committed offset may be if nobody else had the partition meanwhile. */
  known: readonly (Committed | null)[]
}

/** What brokers say about a partition that was assigned to us. */
export interface Found {
  readonly committed: Committed | null
  /** First offset that is there, and the one behind the last. */
  readonly low: number
  readonly high: number
}

export interface Plan {
  readonly tenures: ReadonlyMap<number, Tenure>
  readonly event: GroupEvent & { readonly kind: 'assigned' }
  readonly problems: readonly InputError[]
}

/**
 * What a new assignment means: a partition that is held already is `kept` if the group's committed position is still
 * what this member left there, for then nobody else had it; all others begin where `startOf` says.
 */
export function planAssignment(
  found: ReadonlyMap<number, Found>,
  held: ReadonlyMap<number, Tenure>,
  { topic, startOf }: Pick<GroupReaderOptions, 'topic' | 'startOf'>,
): Plan {
  const tenures = new Map<number, Tenure>()
  const gained: { partition: number; committed: Committed | null }[] = []
  const kept: number[] = []
  const problems: InputError[] = []
  for (const [partition, { committed, low, high }] of [...found].sort(([a], [b]) => a - b)) {
    const before = held.get(partition)
    if (before?.known.some((each) => isSame(each, committed)) === true) {
      before.known = [committed]
      tenures.set(partition, before)
      kept.push(partition)
      continue
    }
    const usable = committed !== null && committed.offset <= high ? committed : null
    const isLost = usable !== null && usable.offset < low
    if (isLost) problems.push(expired(topic, partition, low - usable.offset))
    if (committed !== null && usable === null) problems.push(recreated(topic, partition, committed.offset, high))
    const start = usable === null && committed !== null ? 'beginning' : startOf(partition, usable)
    tenures.set(partition, { partition, position: offsetOf(start, low, high), known: [committed] })
    gained.push({ partition, committed: usable })
  }
  const lost = [...held.keys()].filter((partition) => !kept.includes(partition) && !found.has(partition))
  return { tenures, event: { kind: 'assigned', gained, kept, lost }, problems }
}

/** Messages that were deleted before they were read. */
export function expired(topic: string, partition: number, count: number): InputError {
  return new InputError(`messages were deleted before they were read: ${topic}/${partition} (${count})`, {
    code: 'input_truncated',
    hint: "keep messages for longer (the topic's retention.ms, retention.bytes), or read faster",
  })
}

function recreated(topic: string, partition: number, committed: number, high: number): InputError {
  return new InputError(`the log is shorter than what was read of it: ${topic}/${partition} (${committed} > ${high})`, {
    code: 'input_truncated',
    hint: 'the topic was made anew, or lost messages: it is read from its beginning',
  })
}

function isSame(a: Committed | null, b: Committed | null): boolean {
  return a === b || (a !== null && b !== null && a.offset === b.offset && a.metadata === b.metadata)
}

function offsetOf(start: number | 'beginning' | 'end', low: number, high: number): number {
  if (start === 'beginning') return low
  return start === 'end' ? high : Math.min(Math.max(start, low), high)
}
