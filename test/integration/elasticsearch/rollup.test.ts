import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { TransientError } from '../../../src/errors.js'
import type { IndexDocument } from '../../../src/records.js'
import type { Request } from '../../../src/sinks/elasticsearch/connection.js'
import type { FrequencyDocument } from '../../../src/sinks/elasticsearch/frequency/documents.js'
import { FrequencyRollup, type FrequencyRollupOptions } from '../../../src/sinks/elasticsearch/frequency/rollup.js'
import { countsOf, expectedCounts } from '../../sinks/elasticsearch/frequency/expected.js'
import { failure, T0, traffic } from '../../support/documents.js'
import { DocumentsStore } from './documents-store.js'

const MINUTE = 60_000

describe('the frequency of Elasticsearch', () => {
  let store: DocumentsStore

  beforeEach(async () => {
    store = await DocumentsStore.make('rollup')
  })

  afterEach(() => store.remove())

  function rollup(options: Partial<FrequencyRollupOptions> = {}): FrequencyRollup {
    return new FrequencyRollup({
      elasticsearch: store.elasticsearch,
      prefix: store.prefix,
      retry: (operation) => operation(),
      pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      random: Math.random,
      ...options,
    })
  }

  const stored = async () => (await store.frequency()).map(({ _source }) => _source as unknown as FrequencyDocument)

  async function expectCountsOf(documents: readonly IndexDocument[]): Promise<void> {
    expect(countsOf(await stored())).toEqual(await expectedCounts(documents))
  }

  async function writeAndSettle(documents: readonly IndexDocument[], by = rollup()): Promise<void> {
    await store.write(documents)
    by.mark(documents)
    await by.settle()
  }

  test('is what a plain count says, and searchable by its id', async () => {
    const documents = randomDocuments(600)
    await writeAndSettle(documents)
    await expectCountsOf(documents)
    expect(
      (await store.frequency()).every(({ _id, _source }) => _id === (_source as { event: { id: string } }).event.id),
    ).toBe(true)
  })

  test('is the same where the documents come in another order, in parts and more than once', async () => {
    const documents = randomDocuments(300)
    const one = rollup()
    for (let at = documents.length; at > 0; at -= 100)
      await writeAndSettle(documents.slice(Math.max(0, at - 150), at), one)
    const parts = await stored()
    await expectCountsOf(documents)
    await writeAndSettle(documents)
    expect(await stored()).toEqual(parts)
  })

  test('counts late documents into minutes that were done', async () => {
    const one = rollup()
    const early = [failure({ id: 'a' }), traffic({ requests: 10 })]
    await writeAndSettle(early, one)
    await expectCountsOf(early)
    const late = [failure({ id: 'b', timeMs: T0 + 59_999 }), traffic({ requests: 4, partition: 'p2' })]
    await writeAndSettle(late, one)
    await expectCountsOf([...early, ...late])
    expect(await stored()).toMatchObject([{ edgemicro: { requests: 14, failures: 2, failure_ratio: 2 / 14 } }])
  })

  test('takes over a traffic document that was written anew with a higher count', async () => {
    const one = rollup()
    await writeAndSettle([traffic({ requests: 10 })], one)
    await writeAndSettle([traffic({ requests: 25 })], one)
    await expectCountsOf([traffic({ requests: 25 })])
  })

  test('moves a failure to its target once its other half comes, and leaves no group behind', async () => {
    const one = rollup()
    await writeAndSettle([failure({ id: 'a', halves: 'client' })], one)
    expect(await stored()).toMatchObject([{ edgemicro: { target: null, failures: 1 } }])
    await writeAndSettle([failure({ id: 'a' })], one)
    await expectCountsOf([failure({ id: 'a' })])
    expect(await stored()).toMatchObject([{ edgemicro: { target: '10.0.0.9:8080', failures: 1 } }])
  })

  test('moves a failure to the minute of its client half, also across midnight and a month', async () => {
    const midnight = Date.UTC(2021, 6, 1)
    const one = rollup()
    const half = failure({ id: 'a', timeMs: midnight, halves: 'target' })
    await writeAndSettle([half], one)
    expect((await store.frequency()).map(({ _index }) => _index)).toEqual([`${store.prefix}-frequency-2021.06`])
    // Only the merged document is marked: its halves tell where it stood before.
    await store.delete(half)
    await writeAndSettle([failure({ id: 'a', timeMs: midnight })], one)
    expect((await store.frequency()).map(({ _index }) => _index)).toEqual([`${store.prefix}-frequency-2021.07`])
    await expectCountsOf([failure({ id: 'a', timeMs: midnight })])
  })

  test('puts each month into its index', async () => {
    const times = [Date.UTC(2020, 11, 31, 23, 59, 59), Date.UTC(2021, 0, 1), Date.UTC(2021, 1, 1)]
    const documents = times.map((timeMs) => failure({ id: `${timeMs}`, timeMs }))
    await writeAndSettle(documents)
    await expectCountsOf(documents)
    expect((await store.frequency()).map(({ _index }) => _index.slice(-7)).sort()).toEqual([
      '2020.12',
      '2021.01',
      '2021.02',
    ])
  })

  test('writes nothing where nothing changed, whoever counts again', async () => {
    const documents = randomDocuments(200)
    await writeAndSettle(documents)
    const before = await store.frequency()
    expect(before.length).toBeGreaterThan(20)
    const other = rollup()
    other.mark(documents)
    await other.settle()
    expect(await store.frequency()).toEqual(before)
  })

  test('writes only the documents that changed', async () => {
    const one = rollup()
    await writeAndSettle([failure({ id: 'a' }), failure({ id: 'b', target: 'b:2' })], one)
    const before = await store.frequency()
    await writeAndSettle([failure({ id: 'c', target: 'b:2' })], one)
    const after = await store.frequency()
    const target = ({ _source }: (typeof after)[number]) => (_source as unknown as FrequencyDocument).edgemicro.target
    const version = (hits: typeof after, name: string) => hits.find((hit) => target(hit) === name)?._seq_no
    expect(version(after, '10.0.0.9:8080')).toBe(version(before, '10.0.0.9:8080'))
    expect(version(after, 'b:2')).not.toBe(version(before, 'b:2'))
  })

  test('counts a group for each target in many minutes, more than one portion and one page hold', async () => {
    const documents = Array.from({ length: 150 * 80 }, (_, index) =>
      traffic({ timeMs: T0 + Math.floor(index / 80) * MINUTE, target: `t${index % 80}:1`, requests: index }),
    )
    await writeAndSettle(documents)
    const { body } = await store.elasticsearch.request<{ readonly count: number }>({
      method: 'GET',
      path: `/${store.prefix}-frequency-*/_count`,
    })
    expect(body.count).toBe(150 * 80)
  })

  test('takes fewer minutes at a time where they hold many groups', async () => {
    const documents = randomDocuments(400)
    await writeAndSettle(documents, rollup({ maxGroups: 20 }))
    await expectCountsOf(documents)
  })

  test('has nothing to do where nothing was marked, and nothing to count where nothing is stored', async () => {
    const one = rollup()
    await one.settle()
    one.markMinute(T0)
    await one.settle()
    expect(await stored()).toEqual([])
    expect(one.dirtyMinutes).toBe(0)
  })

  test('keeps minutes marked while the store is away, and counts them when it is back', async () => {
    let away = true
    const one = rollup({
      elasticsearch: {
        request: (request) => {
          if (away && request.path === '/_bulk') {
            const fault = new TransientError('away: here', { code: 'store_unreachable', hint: 'wait' })
            return Promise.reject(fault)
          }
          return store.elasticsearch.request(request)
        },
      },
    })
    const documents = randomDocuments(50)
    await expect(writeAndSettle(documents, one)).rejects.toBeInstanceOf(TransientError)
    expect(one.dirtyMinutes).toBeGreaterThan(0)
    away = false
    await one.settle()
    expect(one.dirtyMinutes).toBe(0)
    await expectCountsOf(documents)
  })

  test('tells that it may pass where somebody has blocked its index', async () => {
    const path = `/${store.prefix}-frequency-2021.06`
    await store.elasticsearch.request({ method: 'PUT', path })
    await store.elasticsearch.request({
      method: 'PUT',
      path: `${path}/_settings`,
      body: { 'index.blocks.write': true },
    })
    await expect(writeAndSettle([failure({ id: 'a' })])).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringContaining('cluster_block_exception'),
    })
  })

  test('ends a call where documents keep coming, with all in it that was marked before, and is right after the last', async () => {
    const written: IndexDocument[] = [failure({ id: 'first' })]
    let coming = true
    const one = rollup({
      beforeWrite: async () => {
        if (!coming) return
        const more = failure({ id: `more-${written.length}` })
        await store.write([more])
        written.push(more)
      },
    })
    await writeAndSettle([written[0]], one)
    expect((await stored())[0].edgemicro.failures).toBeGreaterThan(0)
    coming = false
    await one.settle()
    await expectCountsOf(written)
  })

  describe('with two instances that count the same minutes', () => {
    const ROUNDS = 25

    test('is right after every round, however their counts and writes fall together', async () => {
      const random = randomNumbers(7)
      const late = { beforeWrite: () => new Promise<void>((resolve) => setTimeout(resolve, random() * 60)) }
      const instances = [rollup(late), rollup(late)]
      const held = new Map<string, IndexDocument>()
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(
          instances.map(async (one, number) => {
            // Two failures that move between three groups, and one that comes and goes.
            const moving = failure({ id: `m${number}`, target: `${Math.floor(random() * 3)}:1`, timeMs: T0 + number })
            await store.write([moving])
            held.set(moving.id, moving)
            one.mark([moving])
            const coming = failure({ id: `c${number}`, target: 'c:1', timeMs: T0 + 2 })
            if (held.has(coming.id)) await store.delete(coming)
            else await store.write([coming])
            if (!held.delete(coming.id)) held.set(coming.id, coming)
            one.mark([coming])
            await one.settle()
          }),
        )
        await expectCountsOf([...held.values()])
      }
    }, 300_000)

    test('keeps the newer count where the older one would be written last', async () => {
      await writeAndSettle([failure({ id: 'a' })])
      const gate = newGate()
      let late = true
      const slow = rollup({
        beforeWrite: async () => {
          if (!late) return
          late = false
          await gate.wait()
        },
      })
      await store.write([failure({ id: 'b' })])
      slow.markMinute(T0)
      const slowSettled = slow.settle()
      await gate.reached
      await writeAndSettle([failure({ id: 'c' })])
      gate.open()
      await slowSettled
      await expectCountsOf(['a', 'b', 'c'].map((id) => failure({ id })))
    })

    test('writes no count over one that was taken later, even if it dies then', async () => {
      await writeAndSettle([failure({ id: 'a' })])
      let counted = false
      const outcomes: unknown[] = []
      const slow = rollup({
        elasticsearch: {
          request: async <Body>(request: Request) => {
            const answer = await store.elasticsearch.request<Body>(request)
            if (request.path === '/_bulk') {
              outcomes.push(answer.body)
              throw new Error('dies')
            }
            if (!counted && request.path === `/${store.prefix}-traffic-*/_search`) {
              counted = true
              await writeAndSettle([failure({ id: 'c' })])
            }
            return answer
          },
        },
      })
      await store.write([failure({ id: 'b' })])
      slow.markMinute(T0)
      await expect(slow.settle()).rejects.toThrow('dies')
      expect(outcomes).toMatchObject([{ items: [{ index: { status: 409 } }] }])
      await expectCountsOf(['a', 'b', 'c'].map((id) => failure({ id })))
    })

    test('counts again where a document was written between its count and its write', async () => {
      await writeAndSettle([failure({ id: 'a' })])
      let times = 0
      const refused = rollup({
        beforeWrite: async () => {
          if (times++ > 2) return
          const [{ _index, _id, _source }] = await store.frequency()
          await store.elasticsearch.request({ method: 'PUT', path: `/${_index}/_doc/${_id}`, body: _source })
        },
      })
      await writeAndSettle([failure({ id: 'b' })], refused)
      await expectCountsOf(['a', 'b'].map((id) => failure({ id })))
    })

    test('is right where one finds a document right that the other, which counted before, replaces', async () => {
      await writeAndSettle([failure({ id: 'a' }), failure({ id: 'b' })])
      const gate = newGate()
      let late = true
      const slow = rollup({
        beforeWrite: async () => {
          if (!late) return
          late = false
          await gate.wait()
        },
      })
      // One failure goes, the slow one counts, another comes: the stored count is right again, and stays untouched.
      await store.delete(failure({ id: 'b' }))
      slow.markMinute(T0)
      const slowSettled = slow.settle()
      await gate.reached
      await writeAndSettle([failure({ id: 'c' })])
      gate.open()
      await slowSettled
      await expectCountsOf(['a', 'c'].map((id) => failure({ id })))
    })

    test('lets no write come through late whose answer was lost', async () => {
      await writeAndSettle([failure({ id: 'a' }), failure({ id: 'b' })])
      let lost: (() => Promise<unknown>) | undefined
      const unlucky = rollup({
        retry: async (operation) => operation().catch(() => operation()),
        elasticsearch: {
          request: async (request) => {
            if (lost !== undefined || request.path !== '/_bulk') return store.elasticsearch.request(request)
            lost = () => store.elasticsearch.request(request)
            // What it would have written is no longer true.
            await store.write([failure({ id: 'c' })])
            throw new TransientError('no answer: here', { code: 'store_unreachable', hint: 'wait' })
          },
        },
      })
      await store.delete(failure({ id: 'b' }))
      unlucky.markMinute(T0)
      await unlucky.settle()
      await lost?.()
      await expectCountsOf(['a', 'c'].map((id) => failure({ id })))
    })
  })
})

/** Lets one party wait until the other opens. */
function newGate() {
  let open = (): void => {}
  let arrive = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  return {
    reached,
    open,
    wait: () => {
      arrive()
      return opened
    },
  }
}

/** 0 … 1, the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) / 0x800000
  }
}

/** Some minutes' failures and traffic with few values of each dimension, hostile and absent ones among them. */
function randomDocuments(count: number): readonly IndexDocument[] {
  const random = randomNumbers(42)
  const pick = <Value>(...values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value
  const where = () => ({
    target: pick('a:1', 'b:2', 'e\u0301:\u{1f600}', null),
    proxy: pick('p1', 'p\u0000', '', `"],["`, null),
    gateway: pick('g1', 'g2', null),
    org: pick('o1', null),
    env: pick('test', 'prod'),
  })
  return Array.from({ length: count }, (_, index) =>
    index % 3 === 0
      ? traffic({ id: `t${index}`, timeMs: T0 + (index % 7) * MINUTE, ...where(), requests: index % 30 })
      : failure({
          id: `f${index}`,
          timeMs: T0 + Math.floor(random() * 7 * MINUTE),
          ...where(),
          cause: pick('undetermined', 'target_timeout', 'keepalive_race'),
          code: pick('ECONNRESET', 'ETIMEDOUT', 'x', '__proto__', '', null),
        }),
  )
}
