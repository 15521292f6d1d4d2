import type { LineBlock } from '../records.js'

export interface BlockPart {
  readonly block: LineBlock
  /** A former run had stored these lines: they are read again for the state alone. */
  readonly isReplay: boolean
}

/**
 * A block, cut where a former run had stored all lines before: at the start of a line. `storedThrough` is an offset in
 * the source of the block.
 */
export function partsOf(block: LineBlock, storedThrough: number): readonly BlockPart[] {
  const { bytes, offset } = block
  const length = storedThrough - offset
  if (length <= 0) return [{ block, isReplay: false }]
  if (length >= bytes.length) return [{ block, isReplay: true }]
  // A file that was written over may have no line there.
  const cut = bytes.indexOf(NEWLINE, length - 1) + 1
  if (cut === 0 || cut === bytes.length) return [{ block, isReplay: true }]
  return [
    { block: { ...block, bytes: bytes.subarray(0, cut), last: false }, isReplay: true },
    { block: { ...block, bytes: bytes.subarray(cut), offset: offset + cut }, isReplay: false },
  ]
}

const NEWLINE = 0x0a
