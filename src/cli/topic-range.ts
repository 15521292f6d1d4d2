import { ConfigError } from '../errors.js'
import type { TopicRange } from '../pipeline/backfill/plan.js'
import type { TopicPlace } from '../sources/kafka/topic-plan.js'
import type { StretchPosition } from '../sources/kafka/topic-reader.js'
import type { RunOptions } from './options.js'
import { readTime, type TimeReference } from './ranges.js'
import { usageError } from './usage-errors.js'

/**
 * The part of a topic that `--from` and `--to` say together; null without them. Throws `ConfigError` where one makes no
 * sense or nothing can lie between them.
 */
export function readTopicRange(
  { from, to }: Pick<RunOptions, 'from' | 'to'>,
  reference: TimeReference,
): TopicRange | null {
  if (from === undefined) {
    if (to === undefined) return null
    throw usageError(`--to without --from: ${to}`, 'say where to begin too: --from beginning, or a time or an offset')
  }
  const range = {
    from: from.trim() === 'beginning' ? ('beginning' as const) : readPlace('--from', from, reference),
    ...(to !== undefined && { to: readPlace('--to', to, reference) }),
  }
  if (isBackwards(range)) {
    throw usageError(`nothing lies between: --from ${from} and --to ${to}`, 'give a --from that is earlier than --to')
  }
  return range
}

/** A range of each partition, as options that say so. */
export function renderRange(range: readonly Pick<StretchPosition, 'partition' | 'from' | 'to'>[]): string {
  const offsets = (of: 'from' | 'to'): string =>
    `${OFFSET}${range.map((each) => `${each.partition}=${each[of]}`).join(',')}`
  return `--from ${offsets('from')} --to ${offsets('to')}`
}

/** What is left of a range, as options that say so. */
export function renderRest(rest: readonly StretchPosition[]): string {
  return renderRange(rest.map(({ partition, position, to }) => ({ partition, from: position, to })))
}

const OFFSET = 'offset:'
const NUMBER = /^\d{1,15}$/
const OF_PARTITION = /^(\d{1,9})=(\d{1,15})$/

function readPlace(option: string, text: string, reference: TimeReference): TopicPlace {
  const wanted = text.trim()
  if (!wanted.startsWith(OFFSET)) return { timeMs: readPlaceTime(option, wanted, reference) }
  const offsets = wanted.slice(OFFSET.length)
  if (NUMBER.test(offsets)) return { offset: Number(offsets) }
  const places = new Map<number, number>()
  for (const part of offsets.split(',')) {
    const match = OF_PARTITION.exec(part)
    if (match === null || places.has(Number(match[1]))) {
      throw usageError(`not an offset: ${option} ${text}`, `write offset:1234, or ${OF_EACH}`)
    }
    places.set(Number(match[1]), Number(match[2]))
  }
  return places
}

const OF_EACH = 'offset:0=1234,1=88 for partitions 0 and 1'

function readPlaceTime(option: string, text: string, reference: TimeReference): number {
  try {
    return readTime(option, text, reference)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw usageError(`no time and no offset: ${option} ${text}`, `${error.hint}; or offset:1234, or ${OF_EACH}`)
  }
}

/** As far as that can be told without asking the brokers. */
function isBackwards({ from, to }: TopicRange): boolean {
  if (from === 'beginning' || to === undefined) return false
  if ('timeMs' in from || 'timeMs' in to) return 'timeMs' in from && 'timeMs' in to && from.timeMs >= to.timeMs
  if ('offset' in from && 'offset' in to) return from.offset >= to.offset
  const partitions = 'offset' in from ? (to as ReadonlyMap<number, number>) : from
  return [...partitions.keys()].some((partition) => offsetOf(from, partition) > offsetOf(to, partition, true))
}

function offsetOf(
  place: { readonly offset: number } | ReadonlyMap<number, number>,
  partition: number,
  isEnd = false,
): number {
  const offset = 'offset' in place ? place.offset : place.get(partition)
  return offset ?? (isEnd ? Number.POSITIVE_INFINITY : 0)
}
