import { describe, expect, test } from '@jest/globals'
import { PermanentError } from '../../src/errors.js'
import { Delivery, type DeliveryOptions } from '../../src/pipeline/delivery.js'
import type { IndexDocument, ShipperDocument } from '../../src/records.js'
import type { Sink } from '../../src/sinks/sink.js'
import { traffic } from '../support/documents.js'

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

const deliver = (sinks: readonly Sink[], options: DeliveryOptions = {}) => ({ delivery: new Delivery(sinks, options) })

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

  test.each([
    ['a permanent error', broken()],
    ['an error of any other class', new TypeError('a bug')],
  ])('stops for good at %s: each later call throws it and nothing more is written', async (_, error) => {
    const sink = new FakeSink([() => Promise.resolve(), () => Promise.reject(error)])
    const { delivery } = deliver([sink], { maxBatchDocuments: 2 })
    await delivery.push(documents(0, 6))
    await expect(delivery.drain()).rejects.toBe(error)
    await expect(delivery.push(documents(6, 7))).rejects.toBe(error)
    await expect(delivery.drain()).rejects.toBe(error)
    expect(delivery.stored).toBe(2)
    expect(sink.ids).toEqual(ids(0, 4))
  })

  test('lets a push that waits for room throw when the sink breaks', async () => {
    const gate = new Gate()
    const sink = new FakeSink([() => gate.pass().then(() => Promise.reject(broken()))])
    const { delivery } = deliver([sink], { maxQueuedDocuments: 1 })
    const pushed = delivery.push(documents(0, 3))
    gate.open()
    await expect(pushed).rejects.toMatchObject({ code: 'disk_full' })
  })

  test('has several writes under way where a sink takes them, and confirms them in the order of their pushing', async () => {
    const gates = [new Gate(), new Gate(), new Gate()]
    const sink = new FakeSink(gates.map(({ pass }) => pass))
    const { delivery } = deliver([Object.assign(sink, { maxWrites: 2 })], { maxBatchDocuments: 2 })
    await delivery.push(documents(0, 6))
    expect(sink.ids).toEqual(ids(0, 4))
    gates[1].open()
    await new Promise(setImmediate)
    expect(delivery.stored).toBe(0)
    gates[0].open()
    await new Promise(setImmediate)
    expect(delivery.stored).toBe(4)
    gates[2].open()
    await delivery.drain()
    expect(delivery.stored).toBe(6)
    expect(sink.ids).toEqual(ids(0, 6))
  })

  test('lets a fast sink run ahead of a slow one, by no more than may wait', async () => {
    const gate = new Gate()
    const [slow, fast] = [new FakeSink([gate.pass]), new FakeSink()]
    const { delivery } = deliver([slow, fast], { maxBatchDocuments: 1, maxQueuedDocuments: 3 })
    await delivery.push(documents(0, 3))
    const pushed = delivery.push(documents(3, 4))
    await new Promise(setImmediate)
    expect([slow.ids, fast.ids]).toEqual([ids(0, 1), ids(0, 4)])
    expect(delivery.stored).toBe(0)
    gate.open()
    await pushed
    await delivery.drain()
    expect([slow.ids, fast.ids]).toEqual([ids(0, 4), ids(0, 4)])
  })

  test('settles the sinks that derive something, and reports to those that keep it', async () => {
    const calls: unknown[] = []
    const settle = async (options?: object): Promise<void> => void calls.push(options)
    const report = (document: object): void => void calls.push(document)
    const { delivery } = deliver([new FakeSink(), Object.assign(new FakeSink(), { settle, report })])
    await delivery.settle({ now: true })
    delivery.report(LIFE)
    expect(calls).toEqual([{ now: true }, LIFE])
  })
})

const LIFE: ShipperDocument = {
  '@timestamp': '2026-11-25T00:00:00.000Z',
  event: { dataset: 'edgemicro.shipper' },
  agent: { type: 'hangup', name: 'host', id: 'a', version: '1.0.0' },
  edgemicro: {
    shipper: {
      ...{ pipeline: 'p', lines: 1, events: 1, rejections: 0, failures: 0, orphans: 0, evicted: 0, late: 0 },
      ...{ refused: 0, retries: 0, unsent: 0, lag_ms: null },
    },
  },
}
