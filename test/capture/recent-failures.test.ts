import { expect, test } from '@jest/globals'
import { RecentFailures } from '../../src/capture/recent-failures.js'

const MINUTE = 60_000
const failure = (target: string, minute: number, code: string | null = 'ECONNRESET') => ({
  target,
  code,
  timeMs: minute * MINUTE,
})

test('counts the failures of the last minutes, those of the targets with most of them first', () => {
  const recent = new RecentFailures(15)
  for (const each of [
    failure('old:1', 0),
    failure('b:1', 10),
    failure('a:1', 10),
    failure('b:1', 14.5, 'EPIPE'),
    failure('b:1', 15, null),
    failure('b:1', 15),
  ]) {
    recent.add(each)
  }
  expect(recent.targets()).toEqual([
    {
      target: 'b:1',
      failures: 4,
      codes: [
        ['ECONNRESET', 2],
        ['EPIPE', 1],
        ['no code', 1],
      ],
    },
    { target: 'a:1', failures: 1, codes: [['ECONNRESET', 1]] },
  ])
})

test('takes what comes out of order, but for what is too old by then', () => {
  const recent = new RecentFailures(15)
  for (const each of [failure('a:1', 100), failure('b:1', 90), failure('c:1', 85)]) recent.add(each)
  expect(recent.targets().map(({ target }) => target)).toEqual(['a:1', 'b:1'])
})

test('counts all where no bound is named', () => {
  const recent = new RecentFailures(Number.POSITIVE_INFINITY)
  for (const each of [failure('a:1', 0), failure('a:1', 1e6)]) recent.add(each)
  expect(recent.targets()).toMatchObject([{ failures: 2 }])
})
