import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { Judge } from '../../../src/diagnose/judge.js'
import { mergeFailureDocuments } from '../../../src/pipeline/document.js'
import { verdictsBy } from '../../../src/pipeline/verdicts.js'
import type { FailureDocument } from '../../../src/records.js'
import { type OpenOptions, openElasticsearchSink } from '../../../src/sinks/elasticsearch/open.js'
import { describeVerdicts } from '../../contract/verdict-contract.js'
import { T0 } from '../../support/documents.js'
import { demand, removeAll, removeIndices, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { type FailureRecord, reset, resetsAt } from '../../support/resets.js'
import { watchedSink } from './faults.js'
import { failuresOf, frequencyOf, sinkOptions, withSink } from './sink-options.js'

const judging = (prefix: string): OpenOptions =>
  sinkOptions(prefix, { mergeFailures: mergeFailureDocuments, verdicts: verdictsBy(new Map()) })

describeVerdicts('elasticsearch', async () => {
  const prefix = uniquePrefix('verdicts')
  return {
    open: () => openElasticsearchSink(judging(prefix)),
    failures: async () => (await failuresOf(prefix)).map(({ _source }) => _source),
    remove: () => removeAll(prefix),
  }
})

const prefix = uniquePrefix('judged')
const lone = reset({ id: 'one', idleMs: 700, reuses: 40, near: 1, same: 0 })
const MIDNIGHT = Date.UTC(2021, 5, 24)

const stored = async (): Promise<readonly FailureDocument[]> => (await failuresOf(prefix)).map(({ _source }) => _source)

async function expectJudged(): Promise<void> {
  const failures = await stored()
  const judge = new Judge()
  for (const each of failures) judge.add(each)
  expect(failures).toEqual(failures.map((each) => judge.judged(each)))
}

/** What the frequency documents count is what the failures have. */
async function expectCounted(): Promise<void> {
  const counted: Record<string, number> = {}
  const add = (time: string, cause: string, count: number): void => {
    const key = `${time.slice(0, 16)} ${cause}`
    counted[key] = (counted[key] ?? 0) + count
  }
  for (const { '@timestamp': time, edgemicro } of await stored()) add(time, edgemicro.cause, 1)
  for (const { '@timestamp': time, edgemicro } of await frequencyOf(prefix)) {
    for (const [cause, count] of Object.entries(edgemicro.causes)) add(time, cause, -count)
  }
  expect(Object.entries(counted).filter(([, count]) => count !== 0)).toEqual([])
}

afterEach(() => removeIndices(prefix))
afterAll(() => removeAll(prefix))

/** How many writes the indices of failures have seen. */
async function writes(): Promise<number> {
  const { _all } = await demand<Stats>('GET', `/${prefix}-failures-*/_stats/indexing`)
  return _all.primaries.indexing.index_total
}

interface Stats {
  readonly _all: { readonly primaries: { readonly indexing: { readonly index_total: number } } }
}

describe('revised verdicts', () => {
  const minutesApart = (records: readonly FailureRecord[]): readonly FailureRecord[] =>
    records.map(({ id }, n) => reset({ id, idleMs: 700 - (n % 10) * 3, timeMs: T0 + (n + 1) * 60_000 }))

  test('are counted anew, in the minutes of the failures that they are on', async () => {
    await withSink(judging(prefix), async (sink) => {
      await sink.write([lone])
      await sink.settle({ now: true })
      await expectCounted()
      await sink.write(minutesApart(resetsAt(700, 30)))
      await sink.settle({ now: true })
    })
    await expectJudged()
    await expectCounted()
  })

  test('are counted by another instance where the one that wrote them has died', async () => {
    const more = minutesApart(resetsAt(700, 30))
    await withSink(judging(prefix), async (sink) => {
      await sink.write([lone])
      await sink.settle({ now: true })
    })
    const dying = watchedSink(judging(prefix), {})
    await dying.write(more)
    await dying.settle({ now: true })
    await dying.close()
    await expectJudged()
    await expect(expectCounted()).rejects.toThrow()
    await withSink(judging(prefix), async (sink) => {
      await sink.write(more.slice(-1))
      await sink.settle({ now: true })
    })
    await expectJudged()
    await expectCounted()
  })

  test('are not written over what another instance learns meanwhile', async () => {
    const learnt = resetsAt(700, 30, { halves: 'client', status: 504 })[3]
    await withSink(judging(prefix), async (other) => {
      let isLearnt = false
      const watched = watchedSink(judging(prefix), {
        before: async ({ lines }) => {
          if (isLearnt || !lines?.includes('{"doc":{"edgemicro":{"cause"')) return
          isLearnt = true
          await other.write([learnt])
          await other.settle({ now: true })
        },
      })
      await watched.write(resetsAt(700, 30, { halves: 'target' }))
      await watched.settle({ now: true })
      await watched.close()
      expect(isLearnt).toBe(true)
    })
    expect((await failuresOf(prefix)).find(({ _id }) => _id === learnt.id)?._source.edgemicro.cause).toBe(
      'target_timeout',
    )
    await expectJudged()
  })

  test('are written once, and no more', async () => {
    const documents = [lone, ...resetsAt(700, 30)]
    await withSink(judging(prefix), async (sink) => {
      await sink.write(documents)
      await sink.settle({ now: true })
      const before = await writes()
      await sink.write(documents)
      await sink.settle({ now: true })
      expect(await writes()).toEqual(before)
    })
  })
})

describe('two sinks that write and judge at the same time', () => {
  test('end with what all failures tell, and count that', async () => {
    await withSink(judging(prefix), (one) =>
      withSink(judging(prefix), async (other) => {
        const all = [
          ...resetsAt(700, 60),
          ...resetsAt(9_000, 40, { id: 'late', timeMs: MIDNIGHT + 5 }),
          ...resetsAt(3_000, 10, { id: 'few', gateway: 'b' }),
          lone,
        ]
        for (let at = 0; at < all.length; at += 10) {
          const [left, right] = [all.slice(at, at + 5), all.slice(at + 5, at + 10)]
          await Promise.all([one.write(left), other.write(right)])
          const [first, second] = at % 20 === 0 ? [one, other] : [other, one]
          await Promise.all([first.settle({ now: true }), second.write(left), second.settle({ now: true })])
        }
        await Promise.all([one.settle({ now: true }), other.settle({ now: true })])
      }),
    )
    await expectJudged()
    await expectCounted()
  })

  test('end so also where each brings a half of every failure, on two sides of midnight', async () => {
    const at = { timeMs: MIDNIGHT }
    const halves = (half: 'target' | 'client') => [
      ...resetsAt(700, 40, { ...at, id: 'm', halves: half }),
      ...resetsAt(700, 20, { ...at, id: 'gave-up', halves: half, status: 504 }),
      reset({ ...at, id: 'one', idleMs: 700, reuses: 40, near: 1, same: 0, halves: half }),
    ]
    const [targets, clients] = [halves('target'), halves('client')]
    await withSink(judging(prefix), (one) =>
      withSink(judging(prefix), async (other) => {
        for (let start = 0; start < targets.length; start += 8) {
          await Promise.all([
            one.write(targets.slice(start, start + 8)),
            other.write(clients.slice(start, start + 8)),
            one.settle({ now: true }),
            other.settle({ now: true }),
          ])
        }
        await Promise.all([one.settle({ now: true }), other.settle({ now: true })])
      }),
    )
    expect((await stored()).length).toBe(61)
    await expectJudged()
    await expectCounted()
  })
})
