import { describe, expect, test } from '@jest/globals'
import { lineHash, SeenLines } from '../../src/count/seen-lines.js'

const MINUTE_MS = 60_000
const hashOf = (...texts: string[]): number => {
  const bytes = Buffer.from(texts.join(''))
  let at = 0
  return lineHash(
    bytes,
    texts.map((text) => [at, (at += text.length)] as const),
  )
}

describe('SeenLines', () => {
  test('knows a line that comes again, in whichever order minutes come', () => {
    const seen = new SeenLines()
    expect([
      seen.add(0, 1),
      seen.add(MINUTE_MS, 1),
      seen.add(10, 1),
      seen.add(0, 2),
      seen.add(MINUTE_MS + 1, 1),
    ]).toEqual([true, true, false, true, false])
    expect(seen.size).toBe(3)
  })

  test('forgets windows that the watermark has passed, and no others', () => {
    const seen = new SeenLines()
    seen.add(0, 1)
    seen.add(MINUTE_MS, 1)
    seen.close(2 * MINUTE_MS - 1)
    expect(seen.size).toBe(1)
    expect(seen.add(MINUTE_MS, 1)).toBe(false)
    seen.close(2 * MINUTE_MS)
    expect(seen.size).toBe(0)
    expect(seen.add(MINUTE_MS, 1)).toBe(true)
  })
})

describe('lineHash', () => {
  test('differs where a byte or a border differs', () => {
    const hashes = [hashOf('ab', 'c'), hashOf('a', 'bc'), hashOf('ab', 'd'), hashOf('abc')]
    expect(new Set(hashes).size).toBe(4)
    expect(hashOf('ab', 'c')).toBe(hashOf('ab', 'c'))
  })

  test('has no two ids of a million alike', () => {
    const hashes = Float64Array.from({ length: 1_000_000 }, (_, number) =>
      hashOf('2021-06-23T03:52:24.110Z', `${number}`),
    ).sort()
    expect(hashes.findIndex((hash, index) => hash === hashes[index + 1])).toBe(-1)
  })
})
