import { describe, expect, test } from '@jest/globals'
import { PermanentError, TransientError } from '../../src/errors.js'
import { Delivery, type DeliveryOptions } from '../../src/pipeline/delivery.js'
import type { IndexDocument } from '../../src/records.js'
import type { Sink } from '../../src/sinks/sink.js'
import { traffic } from '../support/documents.js'

const busy = () => new TransientError('store is busy: test', { code: 'store_unreachable', hint: 'wait' })
const broken = () => new PermanentError('disk is full: test', { code: 'disk_full', hint: 'make room' })

/** Keeps the ids that it was given; each call takes the next answer, and the last one stays. */
class FakeSink implements Sink {
  readonly name = 'fake'
  readonly batches: string[][] = []

  constructor(private readonly answers: (() => Promise<void>)[] = []) {}

  get ids(): string[] {
    return this.batches.flat()
  }

  write(documents: readonly IndexDocument[]): Promise<void> {
    this.batches.push(documents.map(({ id }) => id))
    return this.answers.shift()?.() ?? Promise.resolve()
  }

  async close(): Promise<void> {}
}

/** A write that ends when the test says so. */
class Gate {
  readonly #promise: Promise<void>
  open: () => void = () => {}

  constructor() {
    this.#promise = new Promise((resolve) => {
      this.open = resolve
    })
  }

  readonly pass = (): Promise<void> => this.#promise
}

function documents(from: number, to: number): IndexDocument[] {
  return Array.from({ length: to - from }, (_, index) => traffic({ id: `t${from + index}` }))
}

const ids = (from: number, to: number): string[] => documents(from, to).map(({ id }) => id)

function deliver(sinks: readonly Sink[], options: Partial<DeliveryOptions> = {}) {
  const waits: number[] = []
  const pause = async (milliseconds: number): Promise<void> => void waits.push(milliseconds)
  return { delivery: new Delivery(sinks, { pause, random: () => 1, ...options }), waits }
}

describe('a delivery', () => {
  test('brings every document to every sink, in order, in batches', async () => {
    const sinks = [new FakeSink(), new FakeSink()]
    const { delivery } = deliver(sinks, { maxBatchDocuments: 4 })
    await delivery.push(documents(0, 3))
    await delivery.push(documents(3, 10))
    await delivery.drain()
    for (const sink of sinks) {
      expect(sink.ids).toEqual(ids(0, 10))
      for (const batch of sink.batches) expect(batch.length).toBeLessThanOrEqual(4)
    }
    expect([delivery.pushed, delivery.stored]).toEqual([10, 10])
  })

  test('counts a batch as stored only when every sink has confirmed it', async () => {
    const gate = new Gate()
    const slow = new FakeSink([gate.pass])
    const fast = new FakeSink()
    const { delivery } = deliver([slow, fast])
    await delivery.push(documents(0, 2))
    expect(fast.ids).toEqual(ids(0, 2))
    expect([delivery.pushed, delivery.stored]).toEqual([2, 0])
    gate.open()
    await delivery.drain()
    expect(delivery.stored).toBe(2)
  })

  test('lets the steps before go on while a sink writes, until the queue is full', async () => {
    const gate = new Gate()
    const sink = new FakeSink([gate.pass])
    const { delivery } = deliver([sink], { maxBatchDocuments: 2, maxQueuedDocuments: 5 })
    await delivery.push(documents(0, 5))
    let hasRoom = false
    const pushed = delivery.push(documents(5, 8)).then(() => {
      hasRoom = true
    })
    await new Promise(setImmediate)
    expect(hasRoom).toBe(false)
    gate.open()
    await pushed
    await delivery.drain()
    expect(sink.ids).toEqual(ids(0, 8))
  })

  test('writes the same batch again, after waits that double up to half a minute, until it is stored', async () => {
    const sink = new FakeSink(Array.from({ length: 10 }, () => () => Promise.reject(busy())))
    const told: [unknown, number][] = []
    const { delivery, waits } = deliver([sink], { onRetry: (error, waitMs) => told.push([error, waitMs]) })
    await delivery.push(documents(0, 2))
    await delivery.drain()
    expect(sink.batches).toEqual(Array.from({ length: 11 }, () => ids(0, 2)))
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    expect(told.map(([, waitMs]) => waitMs)).toEqual(waits)
    expect(told[0][0]).toBeInstanceOf(TransientError)
    expect(delivery.stored).toBe(2)
  })

  test('spreads the waits of several processes over half of their length', async () => {
    const shortest = deliver([new FakeSink([() => Promise.reject(busy())])], { random: () => 0 })
    await shortest.delivery.push(documents(0, 1))
    await shortest.delivery.drain()
    expect(shortest.waits).toEqual([100])
  })

  test('tries again only the sink that failed', async () => {
    const failing = new FakeSink([() => Promise.reject(busy())])
    const other = new FakeSink()
    const { delivery } = deliver([failing, other])
    await delivery.push(documents(0, 1))
    await delivery.drain()
    expect([failing.batches.length, other.batches.length]).toEqual([2, 1])
  })

  test.each([
    ['a permanent error', broken()],
    ['an error of any other class', new TypeError('a bug')],
  ])('stops for good at %s: each later call throws it and nothing more is written', async (_, error) => {
    const sink = new FakeSink([() => Promise.resolve(), () => Promise.reject(error)])
    const { delivery, waits } = deliver([sink], { maxBatchDocuments: 2 })
    await delivery.push(documents(0, 6))
    await expect(delivery.drain()).rejects.toBe(error)
    await expect(delivery.push(documents(6, 7))).rejects.toBe(error)
    await expect(delivery.drain()).rejects.toBe(error)
    expect(delivery.stored).toBe(2)
    expect(sink.ids).toEqual(ids(0, 4))
    expect(waits).toEqual([])
  })

  test('lets a push that waits for room throw when the sink breaks', async () => {
    const gate = new Gate()
    const sink = new FakeSink([() => gate.pass().then(() => Promise.reject(broken()))])
    const { delivery } = deliver([sink], { maxQueuedDocuments: 1 })
    const pushed = delivery.push(documents(0, 3))
    gate.open()
    await expect(pushed).rejects.toMatchObject({ code: 'disk_full' })
  })

  test('tries a failing write once more when the run stops, and no longer', async () => {
    const stop = new AbortController()
    const sink = new FakeSink(Array.from({ length: 9 }, () => () => Promise.reject(busy())))
    const pause = async (): Promise<void> => stop.abort()
    const { delivery } = deliver([sink], { pause, signal: stop.signal })
    await delivery.push(documents(0, 1))
    await expect(delivery.drain()).rejects.toBeInstanceOf(TransientError)
    expect(sink.batches).toHaveLength(2)
    expect(delivery.stored).toBe(0)
  })
})
