import { describe, expect, test } from '@jest/globals'
import { Outages } from '../../src/diagnose/outages.js'
import type { Cause, FailureDocument } from '../../src/records.js'
import { failure } from '../support/documents.js'

const START_MS = Date.parse('2026-11-23T02:39:47.000Z')

interface Failed {
  readonly atMs: number
  readonly cause: Cause
  readonly target?: string
  readonly worker?: string
}

const document = ({ atMs, cause, target = 'a:1', worker = '1' }: Failed): FailureDocument =>
  failure({ timeMs: START_MS + atMs, cause, target, worker }).document

function outagesOf(failures: readonly Failed[], target = 'a:1') {
  const outages = new Outages()
  for (const each of failures) outages.add(document(each))
  return outages.of(target).map(({ fromMs, untilMs, ...counts }) => ({
    fromMs: fromMs - START_MS,
    untilMs: untilMs - START_MS,
    ...counts,
  }))
}

const many = (count: number, failure: Failed): readonly Failed[] =>
  Array.from({ length: count }, (_, index) => ({ ...failure, worker: String((index % 4) + 1) }))

describe('outages', () => {
  test('begin with requests that are broken off, and last as long as others are refused', () => {
    const failures = [
      ...many(13, { atMs: 300, cause: 'premature_close' }),
      ...many(5, { atMs: 700, cause: 'connect_refused' }),
      ...many(7, { atMs: 2_100, cause: 'connect_refused' }),
    ]
    const expected = [{ fromMs: 0, untilMs: 3_000, cut: 13, refused: 12 }]
    expect(outagesOf(failures)).toEqual(expected)
    expect(outagesOf(failures.toReversed())).toEqual(expected)
    expect(outagesOf(failures, 'b:2')).toEqual([])
  })

  test('are two where it listened for some seconds between', () => {
    const down = (atMs: number): readonly Failed[] => [
      { atMs, cause: 'premature_close' },
      { atMs: atMs + 100, cause: 'connect_refused' },
    ]
    expect(outagesOf([...down(0), ...down(9_000)])).toEqual([
      { fromMs: 0, untilMs: 1_000, cut: 1, refused: 1 },
      { fromMs: 9_000, untilMs: 10_000, cut: 1, refused: 1 },
    ])
  })

  test('are none of a target that refuses all along: it never ran', () => {
    expect(outagesOf(Array.from({ length: 100 }, (_, i) => ({ atMs: i * 500, cause: 'connect_refused' })))).toEqual([])
  })

  test('are told by requests broken off at one instant on several workers, where nothing was refused', () => {
    const now = many(8, { atMs: 60_000, cause: 'premature_close' })
    const others: readonly Failed[] = [10_000, 110_000].map((atMs) => ({ atMs, cause: 'premature_close' }))
    expect(outagesOf([...others, ...now])).toEqual([{ fromMs: 60_000, untilMs: 61_000, cut: 8, refused: 0 }])
    expect(outagesOf([...others, ...now.map((each) => ({ ...each, worker: '1' }))])).toEqual([])
  })

  test('are none of requests that are broken off all the time, nor of keep-alive races', () => {
    expect(
      outagesOf(
        Array.from({ length: 600 }, (_, i) => ({ atMs: i * 100, cause: 'premature_close', worker: String(i % 4) })),
      ),
    ).toEqual([])
    expect(outagesOf(many(20, { atMs: 0, cause: 'keepalive_race' }))).toEqual([])
  })

  test('are not told of a target that is inferred', () => {
    const outages = new Outages()
    for (const each of many(9, { atMs: 0, cause: 'premature_close' })) {
      const { edgemicro, ...rest } = document(each)
      outages.add({ ...rest, edgemicro: { ...edgemicro, target_source: 'inferred' } })
    }
    expect(outages.of('a:1')).toEqual([])
  })
})
