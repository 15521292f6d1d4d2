import { describe, expect, test } from '@jest/globals'
import { readTopicRange, renderRest } from '../../src/cli/topic-range.js'

const NOW = Date.parse('2026-11-23T14:30:00Z')
const read = (from?: string, to?: string) => readTopicRange({ from, to }, { nowMs: NOW, zone: 'utc' })

describe('the range of a topic', () => {
  test('is none where nothing is said', () => {
    expect(read()).toBeNull()
  })

  test.each([
    ['a time', '2026-11-23T12:00Z', { timeMs: NOW - 9_000_000 }],
    ['a time of day, which is no partition', '0:12', { timeMs: Date.parse('2026-11-23T00:12Z') }],
    ['how long ago', '2h', { timeMs: NOW - 7_200_000 }],
    ['an offset of every partition', 'offset:1234', { offset: 1234 }],
    [
      'offsets by partition',
      'offset:0=1234,11=88',
      new Map([
        [0, 1234],
        [11, 88],
      ]),
    ],
    ['its beginning', 'beginning', 'beginning'],
  ])('begins at %s', (_, from, place) => {
    expect(read(from)).toEqual({ from: place })
  })

  test('ends where it is said to', () => {
    expect(read('yesterday', 'today')).toEqual({
      from: { timeMs: Date.parse('2026-11-22T00:00Z') },
      to: { timeMs: Date.parse('2026-11-23T00:00Z') },
    })
    expect(read('2h', 'offset:0=5')).toEqual({ from: { timeMs: NOW - 7_200_000 }, to: new Map([[0, 5]]) })
  })

  test.each(['offset:', 'offset:x', 'offset:-1', 'offset:0:12', 'offset:0=1,0=2', 'offset:0=1,', 'offset:1.5', '0=12'])(
    'is not %s',
    (from) => {
      expect(() => read(from)).toThrow(`--from ${from}`)
      expect(() => read('beginning', from)).toThrow(`--to ${from}`)
    },
  )

  test.each([
    ['times', 'today', 'yesterday'],
    ['the same time', '2h', '2h'],
    ['offsets', 'offset:12', 'offset:11'],
    ['the same offset', 'offset:12', 'offset:12'],
    ['offsets of a partition', 'offset:0=1,1=9', 'offset:0=2,1=8'],
    ['an offset of all and that of one', 'offset:12', 'offset:3=11'],
    ['that of one and an offset of all', 'offset:3=12', 'offset:11'],
  ])('that ends before it begins is an error: %s', (_, from, to) => {
    expect(() => read(from, to)).toThrow(
      expect.objectContaining({ code: 'usage', message: `nothing lies between: --from ${from} and --to ${to}` }),
    )
  })

  test('may be empty in some partitions, and without an end in others', () => {
    expect(read('offset:0=5,1=7', 'offset:0=5')).toMatchObject({ from: expect.any(Map) })
  })

  test('needs a beginning', () => {
    expect(() => read(undefined, 'today')).toThrow('--to without --from: today')
  })
})

test('what is left of a range is told as options that mean it', () => {
  const rest = [
    { partition: 0, from: 1, position: 12, to: 40 },
    { partition: 3, from: 1, position: 5, to: 6 },
  ]
  const options = renderRest(rest)
  expect(options).toBe('--from offset:0=12,3=5 --to offset:0=40,3=6')
  const [, from, , to] = options.split(' ')
  expect(read(from, to)).toEqual({
    from: new Map(rest.map(({ partition, position }) => [partition, position])),
    to: new Map(rest.map((each) => [each.partition, each.to])),
  })
})
