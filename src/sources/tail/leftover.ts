import type { PositionedLines } from '../positioned-lines.js'
import type { TailedBlock, TailedSource } from './tailed-source.js'

/** What is left of a file that is not followed any longer. Whoever takes it reads it to its end and closes it. */
export interface Leftover {
  readonly source: TailedSource
  /** The first time in the file, as text that sorts by time; empty where nothing is to be read before it. */
  readonly beganAt: string
  /** Block by block, read into `buffer`; the last one is `last`. */
  rest(buffer: Uint8Array): AsyncGenerator<TailedBlock>
  close(): Promise<void>
}

/** All lines up to the end, an unfinished one too. */
export async function* restOf(
  lines: PositionedLines,
  source: TailedSource,
  buffer: Uint8Array,
): AsyncGenerator<TailedBlock> {
  for (;;) {
    const read = await lines.next(buffer, 'deliver')
    if (read === null) break
    const { bytes, offset, end } = read
    yield { source, bytes, offset, nextOffset: lines.offset, last: end }
    if (end) return
  }
  yield endOf(source, lines.offset)
}

/** Nothing more comes of the source. */
export function endOf(source: TailedSource, offset: number): TailedBlock {
  return { ...emptyBlock(source, offset), last: true }
}

/** Tells where reading stands. */
export function emptyBlock(source: TailedSource, offset: number): TailedBlock {
  return { source, bytes: new Uint8Array(0), offset, nextOffset: offset, last: false }
}

/** Nothing of it is read any more: that of its source can be let go of. */
export function withoutRest({ source, offset, close }: EndedLog): Leftover {
  return {
    source,
    beganAt: '',
    async *rest() {
      yield endOf(source, offset)
    },
    close,
  }
}

interface EndedLog extends Pick<Leftover, 'source' | 'close'> {
  /** Where it ends. */
  readonly offset: number
}
