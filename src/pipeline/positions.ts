import { MINUTE_MS } from '../count/traffic.js'
import type { LineBlock, LineSource } from '../records.js'
import type { FileCheckpoint } from '../sources/tail/file-checkpoint.js'
import type { TailedBlock, TailedSource } from '../sources/tail/tailed-source.js'

/** What a checkpoint says of the input: where to begin again, and which windows are stored for good. */
export interface InputPositions {
  readonly files: readonly FileCheckpoint[]
  /** Per partition: windows that begin before this are stored; minutes. */
  readonly floorTimeMs: Readonly<Record<string, number>>
}

export interface PositionsOptions {
  /** How far evidence reaches back, in event time. */
  readonly horizonMs: number
  /** What the checkpoint said that this run goes on from. */
  readonly resumed?: InputPositions
  /** Told of partitions that are forgotten: see `GONE_AFTER_MS`. */
  readonly onGone?: (isGone: (partition: string) => boolean) => void
  readonly clock?: () => number
}

/**
 * A partition all of whose files are gone (rotated away, deleted) is kept for so long, in case that another one comes: containers come
 * and go. Longer than any evidence reaches back.
 */
export const GONE_AFTER_MS = 3_600_000

export interface SnapshotOptions {
  /** Tells partitions of which what is open is stored too, as it stands: at a clean stop, or while no lines come. */
  readonly isGivenOut?: (partition: string) => boolean
}

/**
 * Where each followed file would have to be read from again. Remembers the event time of the blocks of late, so that
 * for a time it can tell an offset with everything from that time on behind it. What was stored once stays stored: a
 * replay from the floor moves neither `storedThrough` nor the closed windows back.
 */
export class Positions {
  readonly #files = new Map<LineSource, FilePosition>()
  readonly #horizonMs: number
  readonly #onGone: PositionsOptions['onGone']
  readonly #clock: () => number
  readonly #resumedFloorTimeMs: Readonly<Record<string, number>>
  /** Files that a former run had read and this one has not come to yet. */
  readonly #resumed: Set<FileCheckpoint>

  constructor(options: PositionsOptions) {
    const { horizonMs, resumed = { files: [], floorTimeMs: {} }, onGone, clock = () => performance.now() } = options
    this.#horizonMs = horizonMs
    this.#onGone = onGone
    this.#clock = clock
    this.#resumedFloorTimeMs = resumed.floorTimeMs
    this.#resumed = new Set(resumed.files)
  }

  /** A block is about to be processed. */
  begin(block: LineBlock): void {
    if (!isTailed(block) || this.#files.has(block.source)) return
    const { source, offset } = block
    const { resumed } = source
    const isKnown = resumed !== null && this.#resumed.delete(resumed)
    const storedThrough = isKnown ? resumed.storedThrough : 0
    this.#files.set(source, {
      source,
      blocks: [],
      end: offset,
      maxMs: Number.NEGATIVE_INFINITY,
      storedThrough,
      endedMs: null,
    })
  }

  /** The block was processed; `maxMs` is the largest event time in it, or minus infinity. */
  add(block: LineBlock, maxMs: number): void {
    const position = this.#files.get(block.source)
    if (position === undefined || !isTailed(block)) return
    const { offset, nextOffset, last } = block
    // A block without a time of its own belongs to the lines before it.
    position.maxMs = Math.max(position.maxMs, maxMs)
    position.blocks.push({ offset, maxMs: maxMs === Number.NEGATIVE_INFINITY ? position.maxMs : maxMs })
    position.end = nextOffset
    position.endedMs = last ? this.#clock() : null
  }

  /** True for a line that a former run had stored all of, dead letters included: it is read again for the state alone. */
  isStored(source: LineSource, offset: number): boolean {
    return offset < this.storedThrough(source)
  }

  /** Up to where a source was stored when it was last looked at; 0 for one without positions. */
  storedThrough(source: LineSource): number {
    return this.#files.get(source)?.storedThrough ?? 0
  }

  /**
   * The positions now. `openSinceMs` gives, for a partition, the event time from which on lines are still needed for
   * what is open; evidence reaches back from there by the horizon. Of partitions that are given out, what is open is
   * stored too, as it stands: it need not be given out again, but it needs its lines to be built up again.
   */
  snapshot(
    openSinceMs: (partition: string) => number,
    { isGivenOut = () => false }: SnapshotOptions = {},
  ): InputPositions {
    this.#forgetGone(isGivenOut)
    const floorTimeMs: Record<string, number> = {}
    for (const { partition } of [...this.#resumed, ...this.#files.keys()]) {
      const closedMs = this.#closedUntilMs(partition, openSinceMs(partition))
      if (Number.isFinite(closedMs)) floorTimeMs[partition] = closedMs
    }
    const files = [...this.#resumed]
    for (const position of this.#files.values()) {
      const { identity, path, partition, trail } = position.source
      const openSince = openSinceMs(partition)
      const neededSince = Math.min(openSince, floorTimeMs[partition] ?? Number.NEGATIVE_INFINITY)
      const floor = offsetOf(position, neededSince - this.#horizonMs)
      forget(position, floor)
      const stored = isGivenOut(partition) ? position.end : offsetOf(position, openSince)
      position.storedThrough = Math.max(position.storedThrough, stored)
      const ended = position.endedMs !== null
      if (ended && floor >= position.end) this.#files.delete(position.source)
      else {
        const { storedThrough } = position
        files.push({ identity, path, partition, storedThrough, floor, trail, ...(ended && { ended }) })
      }
    }
    return { files, floorTimeMs }
  }

  #forgetGone(isGivenOut: (partition: string) => boolean): void {
    const [gone, kept] = [new Set<string>(), new Set([...this.#resumed].map(({ partition }) => partition))]
    for (const { source, endedMs } of this.#files.values()) {
      const isOld = endedMs !== null && this.#clock() - endedMs >= GONE_AFTER_MS && isGivenOut(source.partition)
      ;(isOld ? gone : kept).add(source.partition)
    }
    for (const partition of kept) gone.delete(partition)
    if (gone.size === 0) return
    for (const source of this.#files.keys()) if (gone.has(source.partition)) this.#files.delete(source)
    this.#onGone?.((partition) => gone.has(partition))
  }

  /** The windows of a replay begin in their middle: those that are stored are never opened again. */
  #closedUntilMs(partition: string, openSinceMs: number): number {
    const closedMs = Math.floor(openSinceMs / MINUTE_MS) * MINUTE_MS
    return Math.max(this.#resumedFloorTimeMs[partition] ?? Number.NEGATIVE_INFINITY, closedMs)
  }
}

interface FilePosition {
  readonly source: TailedSource
  /** In the order of the file; before the first nothing is needed any more. */
  readonly blocks: { readonly offset: number; readonly maxMs: number }[]
  end: number
  maxMs: number
  storedThrough: number
  /** Since when it is not followed any longer; null while it is. */
  endedMs: number | null
}

/** Start of the first block that holds a line of `timeMs` or later; the end of what was read where none does. */
function offsetOf({ blocks, end }: FilePosition, timeMs: number): number {
  return blocks.find(({ maxMs }) => maxMs >= timeMs)?.offset ?? end
}

function forget({ blocks }: FilePosition, floor: number): void {
  let unneeded = 0
  while (unneeded < blocks.length - 1 && blocks[unneeded + 1].offset <= floor) unneeded++
  blocks.splice(0, unneeded)
}

function isTailed(block: LineBlock): block is TailedBlock {
  return 'nextOffset' in block
}
