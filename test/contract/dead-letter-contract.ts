import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { DeadLetter } from '../../src/records.js'
import type { DeadLetterSink } from '../../src/sinks/dead-letters/dead-letter-sink.js'
import { failure, HOSTILE_TEXTS, traffic } from '../support/documents.js'

/** One place for letters, empty at first. */
export interface DeadLetterHarness {
  /** Opens a sink on the same place each time. */
  open(): DeadLetterSink
  /** All letters that are kept: those of one source in their order. */
  kept(): Promise<readonly DeadLetter[]>
  remove(): Promise<void>
}

export function rejected(text: string, source = '/logs/a.log', offset = 0): DeadLetter {
  const kafka = { topic: 'raw', partition: 3, offset: 17 }
  return { kind: 'rejected', reason: 'bad_level', text, position: { source, offset, kafka }, gateway: 'gw-1' }
}

export function refused(id = 'f1'): DeadLetter {
  const position = { source: '/logs/a.log', offset: 1200 }
  const reason = 'failed to parse field [error.message] of type [long]'
  return { kind: 'refused', sink: 'elasticsearch', status: 400, reason, document: failure({ id }), position }
}

/** What every place for dead letters promises. */
export function describeDeadLetterSink(name: string, make: () => Promise<DeadLetterHarness>): void {
  describe(`${name} for dead letters`, () => {
    let harness: DeadLetterHarness

    beforeEach(async () => {
      harness = await make()
    })

    afterEach(() => harness.remove())

    async function writeAll(...batches: readonly (readonly DeadLetter[])[]): Promise<void> {
      const sink = harness.open()
      try {
        for (const batch of batches) await sink.write(batch)
      } finally {
        await sink.close()
      }
    }

    test('keeps every letter of every batch as it is, those of one source in their order', async () => {
      const letters = Array.from({ length: 2_500 }, (_, index) =>
        rejected(`line ${index}`, `/logs/${index % 7}.log`, index),
      )
      await writeAll(letters.slice(0, 2_100), [], letters.slice(2_100))
      const kept = await harness.kept()
      for (let source = 0; source < 7; source++) {
        const of = (all: readonly DeadLetter[]) =>
          all.filter(({ position }) => position?.source === `/logs/${source}.log`)
        expect(of(kept)).toEqual(of(letters))
      }
      expect(kept).toHaveLength(letters.length)
    })

    test('keeps documents that a store refused, of failures and of traffic', async () => {
      const counted: DeadLetter = {
        ...{ kind: 'refused', sink: 'elasticsearch', status: 413, reason: 'too large', position: null },
        document: traffic(),
      }
      await writeAll([refused(), counted])
      expect(byText(await harness.kept())).toEqual(byText([refused(), counted]))
    })

    test('has kept a batch when write resolves, before it is closed, and goes on where it was', async () => {
      const sink = harness.open()
      try {
        await sink.write([rejected('one')])
        expect(await harness.kept()).toEqual([rejected('one')])
      } finally {
        await sink.close()
      }
      await writeAll([rejected('two')])
      expect(await harness.kept()).toEqual([rejected('one'), rejected('two')])
    })

    test('keeps any text', async () => {
      const letters = HOSTILE_TEXTS.map((text, index) => rejected(text, '/logs/hostile.log', index))
      await writeAll(letters)
      expect(await harness.kept()).toEqual(letters)
    })

    test('makes nothing while there are no letters', async () => {
      await writeAll([], [])
      expect(await harness.kept()).toEqual([])
    })
  })
}

const byText = (letters: readonly DeadLetter[]): string[] => letters.map((letter) => JSON.stringify(letter)).sort()
