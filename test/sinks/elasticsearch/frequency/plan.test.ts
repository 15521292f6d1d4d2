import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FrequencyDocument } from '../../../../src/sinks/elasticsearch/frequency/documents.js'
import { frequencyDocuments } from '../../../../src/sinks/elasticsearch/frequency/documents.js'
import { planWrites, type StoredFrequency } from '../../../../src/sinks/elasticsearch/frequency/plan.js'

const LAST_MINUTE = Date.UTC(2021, 5, 30, 23, 59)
const prefix = 'x'

/** A document for each target that has failures. */
function documents(failures: Readonly<Record<string, number>>, minuteMs = LAST_MINUTE): readonly FrequencyDocument[] {
  const where = { minuteMs, org: 'o', env: 'e', proxy: 'p', gateway: 'g', cause: 'undetermined', code: null }
  const counts = Object.entries(failures).map(([target, count]) => ({ ...where, target, failures: count }))
  return frequencyDocuments(counts, [])
}

function stored(failures: Readonly<Record<string, number>>): readonly StoredFrequency[] {
  return documents(failures).map((document, index) => ({
    index: 'x-frequency-2021.06',
    id: document.event.id,
    seqNo: index,
    primaryTerm: 3,
    document,
  }))
}

describe('a plan of writes', () => {
  test('makes what is missing, replaces what differs, deletes what nobody counts, and leaves the rest', () => {
    const plan = planWrites(documents({ same: 1, more: 2, new: 1 }), stored({ same: 1, more: 1, gone: 1 }), { prefix })
    const [gone] = documents({ gone: 1 })
    expect(plan).toEqual([
      expect.objectContaining({ kind: 'replace', document: documents({ more: 2 })[0], seqNo: 1, primaryTerm: 3 }),
      expect.objectContaining({ kind: 'create', document: documents({ new: 1 })[0] }),
      {
        kind: 'delete',
        index: 'x-frequency-2021.06',
        id: gone.event.id,
        seqNo: 2,
        primaryTerm: 3,
        minuteMs: LAST_MINUTE,
      },
    ])
  })

  test('puts a minute into the index of its month, in UTC', () => {
    const wanted = [...documents({ a: 1 }), ...documents({ a: 1 }, LAST_MINUTE + 60_000)]
    expect(planWrites(wanted, [], { prefix }).map(({ index }) => index)).toEqual([
      'x-frequency-2021.06',
      'x-frequency-2021.07',
    ])
  })

  test('takes a document out of an index where it does not belong', () => {
    const [strayed] = stored({ a: 1 })
    const plan = planWrites(documents({ a: 1 }), [{ ...strayed, index: 'x-frequency-copy' }], { prefix })
    expect(plan.map(({ kind, index }) => [kind, index])).toEqual([
      ['create', 'x-frequency-2021.06'],
      ['delete', 'x-frequency-copy'],
    ])
  })

  test('writes what is right already only for minutes that are to be rewritten', () => {
    const [wanted, present] = [documents({ a: 1, b: 2 }), stored({ a: 1, b: 2 })]
    expect(planWrites(wanted, present, { prefix })).toEqual([])
    expect(planWrites(wanted, present, { prefix, rewrite: new Set([LAST_MINUTE + 60_000]) })).toEqual([])
    const rewritten = planWrites(wanted, present, { prefix, rewrite: new Set([LAST_MINUTE]) })
    expect(rewritten.map(({ kind }) => kind)).toEqual(['replace', 'replace'])
  })

  test('makes what is stored into what is wanted, whatever both are, and then has nothing to do', () => {
    const some = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 3 }))
    fc.assert(
      fc.property(some, some, (before, after) => {
        const wanted = documents(after)
        const result = new Map(stored(before).map((each) => [each.id, each]))
        for (const write of planWrites(wanted, [...result.values()], { prefix })) {
          if (write.kind === 'delete') result.delete(write.id)
          else result.set(write.id, { ...write, seqNo: 9, primaryTerm: 3 })
        }
        expect(planWrites(wanted, [...result.values()], { prefix })).toEqual([])
        expect([...result.keys()].sort()).toEqual(wanted.map(({ event }) => event.id).sort())
      }),
    )
  })
})
