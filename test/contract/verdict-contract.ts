import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Judge } from '../../src/diagnose/judge.js'
import type { FailureDocument, IndexDocument } from '../../src/records.js'
import type { Sink } from '../../src/sinks/sink.js'
import { failure, T0, traffic } from '../support/documents.js'
import { type FailureRecord, reset, resetsAt } from '../support/resets.js'

/** One place to store in, empty at first, as the pipeline opens it. */
export interface VerdictHarness {
  open(): Promise<Sink>
  /** Failures that are stored, in any order, while no sink is open. */
  failures(): Promise<readonly FailureDocument[]>
  remove(): Promise<void>
}

const MIDNIGHT = Date.UTC(2021, 5, 24)

/** A single one of these is told by nothing. */
const lone = (id: string, timeMs = T0) => reset({ id, timeMs, idleMs: 700, reuses: 40, near: 1, same: 0 })

/** What a store keeps that judges failures by others of their target. */
export function describeVerdicts(name: string, make: () => Promise<VerdictHarness>): void {
  describe(`verdicts in ${name}`, () => {
    let harness: VerdictHarness

    beforeEach(async () => {
      harness = await make()
    })

    afterEach(() => harness.remove())

    /** `settles`: behind each batch, or at the end alone, or never, as where the process dies. */
    async function write(
      batches: readonly (readonly IndexDocument[])[],
      { settles = 'last' }: { readonly settles?: 'each' | 'last' | 'never' } = {},
    ): Promise<void> {
      const sink = await harness.open()
      try {
        for (const batch of batches) {
          await sink.write(batch)
          if (settles === 'each') await sink.settle?.({ now: true })
        }
        if (settles === 'last') await sink.settle?.({ now: true })
      } finally {
        await sink.close()
      }
    }

    const byId = async (): Promise<readonly FailureDocument[]> =>
      [...(await harness.failures())].sort((a, b) => ((a.http.request.id ?? '') < (b.http.request.id ?? '') ? -1 : 1))

    /** What is stored is what all of it tells. */
    async function expectJudged(): Promise<Readonly<Record<string, string>>> {
      const failures = await byId()
      const judge = new Judge()
      for (const each of failures) judge.add(each)
      expect(failures).toEqual(failures.map((each) => judge.judged(each)))
      return Object.fromEntries(failures.map(({ http, edgemicro }) => [http.request.id ?? '', edgemicro.cause]))
    }

    test('are those that all resets of a target tell, of other failures those that their halves do', async () => {
      const refused = failure({ id: 'refused', cause: 'connect_refused', code: 'ECONNREFUSED' })
      await write([[lone('one'), refused, traffic()], resetsAt(700, 30)])
      expect(await expectJudged()).toMatchObject({
        one: 'keepalive_race',
        refused: 'connect_refused',
        'race-7': 'keepalive_race',
      })
    })

    test('are revised when more is known', async () => {
      await write([[lone('one')]])
      expect(await expectJudged()).toEqual({ one: 'undetermined' })
      await write([resetsAt(700, 30)])
      expect(await expectJudged()).toMatchObject({ one: 'keepalive_race' })
    })

    test('are taken back where the evidence goes', async () => {
      const away = resetsAt(700, 30, { halves: 'target' })
      await write([[lone('one')], away])
      expect(await expectJudged()).toMatchObject({ one: 'keepalive_race' })
      // The client half tells that the gateway itself gave up.
      await write([resetsAt(700, 30, { halves: 'client', status: 504 })])
      expect(await expectJudged()).toMatchObject({ one: 'undetermined', 'race-3': 'target_timeout' })
    })

    test('rest on the resets of their day and the day before', async () => {
      await write([[lone('before', MIDNIGHT - 1), lone('behind', MIDNIGHT + 86_400_000)]])
      await write([resetsAt(700, 30, { timeMs: MIDNIGHT })])
      expect(await expectJudged()).toMatchObject({ before: 'undetermined', behind: 'keepalive_race' })
    })

    test('are right after a process has died between writing and judging, and another writes the same again', async () => {
      const documents = [lone('one'), ...resetsAt(700, 30)]
      await write([documents], { settles: 'never' })
      await write([documents])
      expect(await expectJudged()).toMatchObject({ one: 'keepalive_race' })
    })

    test('are right where a half of what died so comes again alone', async () => {
      await write([[lone('one')], resetsAt(700, 30, { halves: 'target' })])
      const clients = resetsAt(700, 30, { halves: 'client', status: 504 })
      await write([clients], { settles: 'never' })
      await write([clients])
      expect(await expectJudged()).toMatchObject({ one: 'undetermined' })
    })

    test('stay when what was judged is written again as it was before', async () => {
      const documents = [lone('one'), ...resetsAt(700, 30)]
      await write([documents])
      const before = await byId()
      await write([documents], { settles: 'never' })
      expect(await byId()).toEqual(before)
    })

    test('that are given with more confidence than is due are put right', async () => {
      const { document, ...record } = lone('one')
      const sure = { ...document.edgemicro, cause: 'premature_close' as const, confidence: 0.99 }
      await write([[{ ...record, document: { ...document, edgemicro: sure } }]])
      expect(await expectJudged()).toEqual({ one: 'undetermined' })
    })

    test('are the same whatever the order, the batches and when they were revised', async () => {
      const documents: readonly FailureRecord[] = [
        lone('one'),
        ...resetsAt(700, 12),
        ...resetsAt(9_000, 6, { id: 'day-after', timeMs: T0 + 86_400_000 }),
        reset({ id: 'early', idleMs: 300, near: 60, same: 20 }),
        reset({ id: 'elsewhere', idleMs: 700, target: "10.0.0.10:8080 '); DROP" }),
      ]
      const order = fc.shuffledSubarray([...documents], { minLength: documents.length, maxLength: documents.length })
      const settles = fc.constantFrom<'each' | 'last'>('each', 'last')
      let expected: readonly FailureDocument[] | null = null
      await fc.assert(
        fc.asyncProperty(order, fc.integer({ min: 3, max: 20 }), settles, async (all, size, when) => {
          const batches: FailureRecord[][] = []
          for (let start = 0; start < all.length; start += size) batches.push(all.slice(start, start + size))
          await write(batches, { settles: when })
          await expectJudged()
          expected ??= await byId()
          expect(await byId()).toEqual(expected)
          await harness.remove()
        }),
        { numRuns: 6 },
      )
    })
  })
}
