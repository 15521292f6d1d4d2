import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readPieces, writePieces } from '../../../src/sources/kafka/pieces.js'

const read = (header: string, offset = 100, length = 50) => readPieces(Buffer.from(header), { offset, length })

describe('the pieces of a text', () => {
  test('are told by their lengths, and by what lies between them more than those', () => {
    const pieces = [
      { start: 0, offset: 100 },
      { start: 10, offset: 108 },
      { start: 30, offset: 400 },
    ]
    expect(writePieces(pieces)).toBe('10,-2,20,272')
    expect(read('10,-2,20,272')).toEqual(pieces)
  })

  test('are not told where all is one', () => {
    expect(writePieces([{ start: 0, offset: 7 }])).toBeNull()
  })

  test('are the same once they were written and read', () => {
    const place = fc.integer({ min: 0, max: 2 ** 48 })
    fc.assert(
      fc.property(place, fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 20 }), place)), (offset, further) => {
        let start = 0
        const pieces = [
          { start: 0, offset },
          ...further.map(([length, at]) => ({ start: (start += length), offset: at })),
        ]
        const header = writePieces(pieces)
        if (header === null) expect(further).toEqual([])
        else expect(read(header, offset, start + 1)).toEqual(pieces)
      }),
    )
  })

  test.each([
    ['no number', ''],
    ['a number too few', '10'],
    ['words', '10,x'],
    ['two signs', '10,--2'],
    ['a sign alone', '10,-'],
    ['a piece without bytes', '0,5'],
    ['a piece behind the end', '50,5'],
    ['a place before the file', '10,-111'],
    ['a place that is no exact number', '10,999999999999999,10,9999999999999999'],
  ])('are unknown where their header is damaged: %s', (_, header) => {
    expect(read(header)).toBeNull()
  })

  test('never break on what somebody else has written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (header) => {
        const pieces = readPieces(header, { offset: 5, length: 1_000 })
        for (const { start, offset } of pieces ?? []) expect(start >= 0 && start < 1_000 && offset >= 0).toBe(true)
      }),
    )
  })
})
