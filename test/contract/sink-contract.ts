import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FailureDocument, IndexDocument, TrafficDocument } from '../../src/records.js'
import type { Sink } from '../../src/sinks/sink.js'
import { failure, HOSTILE_TEXTS, T0, traffic } from '../support/documents.js'

/** One place to store in, empty at first. A test opens it, and looks into it while no sink has it open. */
export interface SinkHarness {
  /** Opens a sink on the same place each time. */
  open(): Promise<Sink>
  /** All that is stored, in any order; a sink without ids gives its documents in the order written, repetitions too. */
  stored(): Promise<readonly (FailureDocument | TrafficDocument)[]>
  remove(): Promise<void>
}

export interface SinkTraits {
  /** True where documents have ids, so that writing again merges and overwrites. */
  readonly keyed: boolean
}

/** What every sink promises. */
export function describeSink(name: string, make: () => Promise<SinkHarness>, { keyed }: SinkTraits): void {
  describe(`${name} sink`, () => {
    let harness: SinkHarness

    beforeEach(async () => {
      harness = await make()
    })

    afterEach(() => harness.remove())

    async function writeAll(...batches: readonly (readonly IndexDocument[])[]): Promise<void> {
      const sink = await harness.open()
      try {
        for (const batch of batches) await sink.write(batch)
      } finally {
        await sink.close()
      }
    }

    test('stores every document of every batch as it is', async () => {
      const documents = [
        ...manyFailures(5000),
        traffic(),
        traffic({ timeMs: T0 + 60_000, target: null, proxy: null, basis: 'stats' }),
      ]
      await writeAll(documents.slice(0, 10), [], documents.slice(10))
      expectSame(await harness.stored(), documents)
    })

    test('has stored a batch when write resolves, before it is closed', async () => {
      const sink = await harness.open()
      try {
        await sink.write(manyFailures(3))
        await sink.write(manyFailures(3, 3))
      } finally {
        await sink.close()
      }
      const again = await harness.open()
      await again.close()
      expectSame(await harness.stored(), manyFailures(6))
    })

    test.each(HOSTILE_TEXTS.map((text) => [JSON.stringify(text).slice(0, 40), text] as const))(
      'keeps the text %s in every field',
      async (_, text) => {
        const hostile = hostileFailure(text)
        const counted = traffic({
          id: `t${text}`,
          target: text,
          proxy: text,
          org: text,
          env: text,
          gateway: text,
          partition: text,
        })
        await writeAll([hostile, failure({ id: 'plain' }), counted])
        expectSame(await harness.stored(), [hostile, failure({ id: 'plain' }), counted])
      },
    )

    test('takes lone surrogates without failing', async () => {
      await writeAll([hostileFailure('\ud800 lone \udc00'), hostileFailure('\ud801 lone \udc00')])
      expect((await harness.stored()).length).toBeGreaterThan(0)
    })

    test('keeps absent values absent', async () => {
      const empty = { code: null, message: null, status: null, proxy: null, gateway: null, worker: null }
      const documents = [
        failure({ id: 'a', ...empty, org: null, env: null, method: null, path: null, target: null }),
        failure({ id: 'b', halves: 'client', ...empty }),
        failure({ id: 'c', halves: 'target', query: 'a=***' }),
      ]
      await writeAll(documents)
      expectSame(await harness.stored(), documents)
    })

    test('keeps the order of calls that are not waited for', async () => {
      const sink = await harness.open()
      const batches = [0, 1, 2, 3].map((batch) => manyFailures(50, batch * 50))
      await Promise.all(batches.map((batch) => sink.write(batch)))
      await sink.close()
      expectSame(await harness.stored(), manyFailures(200))
    })

    if (keyed) describeMerging(() => harness, writeAll)
  })
}

function describeMerging(
  harness: () => SinkHarness,
  writeAll: (...batches: readonly (readonly IndexDocument[])[]) => Promise<void>,
): void {
  test('changes nothing when a batch is written again', async () => {
    const documents = [...manyFailures(100), traffic()]
    await writeAll(documents, documents, documents.slice(20, 70))
    await writeAll([...documents].reverse())
    expectSame(await harness().stored(), documents)
  })

  test('merges halves that come in one batch, in two, and after it was opened again', async () => {
    const half = (id: string, halves: 'target' | 'client') => failure({ id, halves })
    await writeAll(
      [half('a', 'target'), half('a', 'client'), half('b', 'target')],
      [half('b', 'client'), half('c', 'client')],
    )
    await writeAll([half('c', 'target')])
    expectSame(
      await harness().stored(),
      ['a', 'b', 'c'].map((id) => failure({ id })),
    )
  })

  test('keeps what is whole when a half of it is written again', async () => {
    await writeAll([failure({ id: 'a' })], [failure({ id: 'a', halves: 'client' }), failure({ id: 'new' })])
    expectSame(await harness().stored(), [failure({ id: 'a' }), failure({ id: 'new' })])
  })

  test('keeps the larger count of a minute, within a batch and between batches', async () => {
    const counted = (requests: number) => traffic({ id: 't', requests })
    await writeAll([counted(2), counted(1)], [counted(5), counted(3)], [counted(4)])
    expectSame(await harness().stored(), [counted(5)])
  })

  test('tells ids apart that differ in one odd character', async () => {
    const documents = ['a', 'A', 'a ', 'a\u0000', 'a\u0000b', 'a\u0000c', '\u00e1', 'a\u0301', "a'", 'a"', ''].map(
      (id) => failure({ id }),
    )
    await writeAll(documents, documents)
    expectSame(await harness().stored(), documents)
  })

  test('stores the same whatever the order, the batches and the repetitions', async () => {
    const ids = ['a', 'b', 'c']
    const parts = ids.flatMap((id) => (['both', 'target', 'client'] as const).map((halves) => failure({ id, halves })))
    const whole = [...ids.map((id) => failure({ id }))]
    const complete = parts.filter((part) => part.document.edgemicro.halves !== 'both')
    const extra = fc.array(fc.constantFrom(...parts), { maxLength: 6 })
    const batches = extra
      .chain((more) => fc.shuffledSubarray([...complete, ...more], { minLength: complete.length + more.length }))
      .chain((documents) => fc.tuple(fc.constant(documents), fc.integer({ min: 1, max: 5 })))
    await fc.assert(
      fc.asyncProperty(batches, async ([documents, size]) => {
        const all: IndexDocument[][] = []
        for (let start = 0; start < documents.length; start += size) all.push(documents.slice(start, start + size))
        await writeAll(...all)
        expectSame(await harness().stored(), whole)
        await harness().remove()
      }),
      { numRuns: 15 },
    )
  })
}

function manyFailures(count: number, first = 0): readonly IndexDocument[] {
  return Array.from({ length: count }, (_, offset) => {
    const number = first + offset
    return failure({
      id: `id-${String(number).padStart(6, '0')}`,
      timeMs: T0 + number * 37,
      target: `10.0.0.${number % 7}:8080`,
    })
  })
}

function hostileFailure(text: string) {
  return failure({
    id: `id${text}`,
    target: text,
    code: text,
    message: text,
    proxy: text,
    gateway: text,
    worker: text,
    org: text,
    env: text,
    method: text,
    path: text,
    query: text,
  })
}

function expectSame(stored: readonly unknown[], expected: readonly IndexDocument[]): void {
  expect(sorted(stored)).toEqual(sorted(expected.map(({ document }) => document)))
}

function sorted(documents: readonly unknown[]): unknown[] {
  return documents
    .map((document) => [JSON.stringify(sortedKeys(document)), document] as const)
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map(([, document]) => document)
}

function sortedKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, part]) => [key, sortedKeys(part)]),
  )
}
