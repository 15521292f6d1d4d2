import { describe, expect, test } from '@jest/globals'
import { partsOf } from '../../src/pipeline/replay.js'
import type { LineBlock } from '../../src/records.js'

const SOURCE = { path: 'a.log', partition: 'a', gateway: null }

const block = (text: string): LineBlock => ({ source: SOURCE, bytes: Buffer.from(text), offset: 100, last: true })

const shown = (text: string, storedThrough: number) =>
  partsOf(block(text), storedThrough).map((part) => [
    Buffer.from(part.block.bytes).toString(),
    part.block.offset,
    part.block.last,
    part.isReplay,
  ])

describe('the parts of a block', () => {
  test.each([
    ['new, where nothing of it was stored', 100, [['ab\ncd\nef\n', 100, true, false]]],
    ['new, where only what is before it was stored', 7, [['ab\ncd\nef\n', 100, true, false]]],
    ['a replay, where all of it was stored', 109, [['ab\ncd\nef\n', 100, true, true]]],
    ['a replay, where more was stored', 500, [['ab\ncd\nef\n', 100, true, true]]],
    [
      'cut at the line where what was stored ends',
      103,
      [
        ['ab\n', 100, false, true],
        ['cd\nef\n', 103, true, false],
      ],
    ],
    [
      'whole lines, also where the offset lies in the middle of one',
      104,
      [
        ['ab\ncd\n', 100, false, true],
        ['ef\n', 106, true, false],
      ],
    ],
  ])('are %s', (_, storedThrough, parts) => {
    expect(shown('ab\ncd\nef\n', storedThrough)).toEqual(parts)
  })

  test('are one where no line ends behind what was stored', () => {
    expect(shown('abcdefgh', 104)).toEqual([['abcdefgh', 100, true, true]])
  })
})
