import { describe, expect, test } from '@jest/globals'
import type { HangupError } from '../../src/errors.js'
import { KeyDoctor } from '../../src/pipeline/key-doctor.js'
import { faultOfKeys } from '../../src/pipeline/sample-keys.js'

/** What is told of counts that are looked at one after another. */
function toldOf(...counts: readonly (readonly [together: number, apart: number, alone: number])[]): string[] {
  const problems: HangupError[] = []
  const doctor = new KeyDoctor({ topic: 't', onProblem: (problem) => problems.push(problem) })
  for (const [together, apart, alone] of counts) doctor.look({ together, apart, alone })
  return problems.map(({ message }) => message)
}

describe('halves that travel apart', () => {
  test('are told with how many they are', () => {
    expect(toldOf([100, 60, 0])).toEqual(['the halves of 60 of 160 requests travel on different partitions: topic t'])
  })

  test.each([
    ['few', [100, 19, 0]],
    ['a small share, as where partitions were added', [10_000, 50, 0]],
  ] as const)('are not told where they are %s', (_, counts) => {
    expect(toldOf(counts)).toEqual([])
  })

  test('are told again only when there are ten times as many', () => {
    expect(toldOf([0, 20, 0], [0, 199, 0], [0, 200, 0], [0, 1_999, 0])).toHaveLength(2)
  })
})

describe('target halves that find nobody', () => {
  test('are told as what they may mean: an instance that reads one partition never sees a pair', () => {
    expect(toldOf([10, 0, 200])).toEqual(['200 target halves came without their client halves, 10 with them: topic t'])
  })

  test.each([
    ['few', [0, 0, 199]],
    ['fewer than the pairs', [300, 0, 299]],
  ] as const)('are not told where they are %s', (_, counts) => {
    expect(toldOf(counts)).toEqual([])
  })
})

describe('a sample', () => {
  const sample = (apart: number, scatteredFiles: number) => ({
    messages: 1_000,
    pairs: { together: 1_000, apart, alone: 0 },
    files: 100,
    scatteredFiles,
  })

  test.each([
    ['source', 0, 0, null],
    ['source', 11, 0, 'travel on different partitions'],
    ['source', 9, 1, null],
    ['source', 0, 2, 'files are on several partitions'],
    ['correlationId', 11, 100, 'travel on different partitions'],
    ['correlationId', 0, 100, null],
    ['none', 1_000, 100, null],
  ] as const)(
    'of a topic by %s with %i pairs apart and %i files scattered: %s',
    (partitionedBy, apart, files, fault) => {
      const found = faultOfKeys(sample(apart, files), { topic: 't', partitionedBy })
      if (fault === null) expect(found).toBeNull()
      else expect(found?.message).toContain(fault)
    },
  )
})
