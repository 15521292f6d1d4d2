import { describe, expect, test } from '@jest/globals'
import { DIMENSIONS } from '../../src/frequency/question.js'
import { Tally } from '../../src/frequency/tally.js'
import { describeFrequencyStore } from '../contract/frequency-contract.js'
import { failure, T0, traffic } from '../support/documents.js'

const MINUTE = 60_000

describeFrequencyStore('tally', async (documents) => {
  const tally = new Tally({ dimensions: DIMENSIONS, everyMs: MINUTE })
  tally.add(documents)
  return tally
})

describe('Tally', () => {
  const filter = {}

  test('answers coarse questions from a coarse grain as from a fine one', async () => {
    const coarse = new Tally({ dimensions: ['target', 'cause'], everyMs: null })
    const fine = new Tally({ dimensions: DIMENSIONS, everyMs: MINUTE })
    const documents = [0, 1, 2, 3, 4].flatMap((index) => [
      failure({ id: `${index}`, timeMs: T0 + index * 100_000, target: `t${index % 2}:1`, worker: `${index}` }),
      traffic({ timeMs: T0 + index * MINUTE, target: `t${index % 3}:1`, gateway: `g${index}` }),
    ])
    coarse.add(documents.slice(0, 3))
    coarse.add(documents.slice(3))
    fine.add(documents)
    for (const by of [[], ['target'], ['cause', 'target']] as const) {
      expect(await coarse.ask({ by, everyMs: null, filter })).toEqual(await fine.ask({ by, everyMs: null, filter }))
    }
  })

  test.each([
    ['a dimension', { by: ['env'], everyMs: null, filter }, 'env'],
    ['a filter', { by: [], everyMs: null, filter: { code: 'X' } }, 'code'],
    ['a narrower window', { by: [], everyMs: MINUTE, filter }, '60000'],
    ['a window that its own do not fill', { by: [], everyMs: 7 * MINUTE, filter }, '420000'],
    [
      'a range that starts within a window',
      { by: [], everyMs: null, filter: { sinceMs: T0 + MINUTE } },
      `${T0 + MINUTE}`,
    ],
    [
      'a range that ends within a window',
      { by: [], everyMs: null, filter: { untilMs: T0 + MINUTE } },
      `${T0 + MINUTE}`,
    ],
  ] as const)('refuses %s that it has not counted by', async (_, question, named) => {
    const tally = new Tally({ dimensions: ['target', 'proxy'], everyMs: 5 * MINUTE })
    await expect(tally.ask(question)).rejects.toMatchObject({
      name: 'ConfigError',
      code: 'usage',
      message: expect.stringContaining(named),
    })
  })

  test('refuses a range where it has no windows', async () => {
    const tally = new Tally({ dimensions: [], everyMs: null })
    await expect(tally.ask({ by: [], everyMs: null, filter: { sinceMs: 0 } })).rejects.toMatchObject({ code: 'usage' })
  })

  test('refuses a grain that is not made of minutes', () => {
    expect(() => new Tally({ dimensions: [], everyMs: 1000 })).toThrow('no such window')
  })

  test('counts what is new as other once it is full, says how much, and loses nothing', async () => {
    const tally = new Tally({ dimensions: ['target', 'proxy'], everyMs: null, maxCells: 3 })
    const of = (target: string, proxy: string) => failure({ target, proxy })
    tally.add([of('a', '1'), of('a', '2'), of('b', '1')])
    expect(tally.folded).toBe(0)
    tally.add([of('a', '3'), of('a', '4'), of('c', '1'), of('c', '1'), of('a', '1')])
    expect(tally.folded).toBe(4)
    const rows = await tally.ask({ by: ['target', 'proxy'], everyMs: null, filter })
    expect(rows.map(({ values, failures }) => `${values.target} ${values.proxy} ${failures}`)).toEqual([
      'a 1 2',
      'a other 2',
      'other other 2',
      'a 2 1',
      'b 1 1',
    ])
  })

  test('keeps its windows when it is full', async () => {
    const tally = new Tally({ dimensions: ['target'], everyMs: MINUTE, maxCells: 1 })
    tally.add([0, 1, 1, 2].map((minute) => failure({ timeMs: T0 + minute * MINUTE, target: `t${minute}` })))
    const rows = await tally.ask({ by: [], everyMs: MINUTE, filter })
    expect(rows.map(({ startMs, failures }) => [((startMs ?? 0) - T0) / MINUTE, failures])).toEqual([
      [0, 1],
      [1, 2],
      [2, 1],
    ])
  })

  test.each([
    ['milliseconds', '2021-06-23T03:52:24.110Z'],
    ['no milliseconds', '2021-06-23T03:52:24Z'],
    ['a zone of its own', '2021-06-23T05:52:24.110+02:00'],
    ['a time before 1970', '1969-12-31T23:59:59.999Z'],
  ])('reads a time with %s', async (_, timestamp) => {
    const tally = new Tally({ dimensions: [], everyMs: MINUTE })
    tally.add([{ ...failure(), document: { ...failure().document, '@timestamp': timestamp } }])
    const [row] = await tally.ask({ by: [], everyMs: MINUTE, filter })
    const timeMs = Date.parse(timestamp)
    expect([row.startMs, row.firstFailureMs]).toEqual([timeMs - (((timeMs % MINUTE) + MINUTE) % MINUTE), timeMs])
  })
})
