import { describe, expect, test } from '@jest/globals'
import { Judge, KnownTimeouts, resetOf } from '../../src/diagnose/judge.js'
import type { FailureDocument } from '../../src/records.js'
import { type Judged, judgedDocument, racesAt } from '../support/judged-documents.js'

const TARGET = '10.0.0.9:8080'

function judgeOf(documents: readonly FailureDocument[], timeouts?: ReadonlyMap<string, number>): Judge {
  const judge = new Judge(timeouts)
  for (const each of documents) judge.add(each)
  return judge
}

const causeOf = (judge: Judge, document: FailureDocument) => judge.judged(document).edgemicro.cause

describe('a reset that its connection may tell', () => {
  const open: Judged = { idleMs: 5_000 }

  test('is taken from its evidence', () => {
    expect(resetOf(judgedDocument(open))).toEqual({
      origin: 'gateway-1\nemg_badtarget',
      idle_ms: 5_000,
      reuses: 400,
      reuses_near: 2,
      reuses_same: 1,
      resets_near: 0,
      errorCode: 'ECONNRESET',
      errorMessage: 'socket hang up',
    })
  })

  test.each<[string, Judged]>([
    ['a cause that the halves prove', { ...open, cause: 'client_abort' }],
    ['an unknown idle time', { idleMs: null }],
    ['a code that is no reset', { ...open, code: 'EWHATEVER' }],
    ['no code', { ...open, code: null }],
    ['an inferred target', { ...open, targetSource: 'inferred' }],
  ])('is not one with %s', (_, sketch) => {
    const document = judgedDocument(sketch)
    const judge = judgeOf(racesAt(5_000, 30))
    expect([resetOf(document), judge.add(document), judge.judged(document)]).toEqual([null, false, document])
  })

  test('is looked at again after it was judged, and told the same', () => {
    const judge = judgeOf(racesAt(5_000, 30))
    const judged = judge.judged(judgedDocument(open))
    expect(judged.edgemicro).toMatchObject({ cause: 'keepalive_race' })
    expect(judge.judged(judged)).toBe(judged)
  })
})

describe('a judge', () => {
  test('calls a race what has the idle time of many resets, and premature what has not', () => {
    const judge = judgeOf([...racesAt(5_000, 30), judgedDocument({ idleMs: 1_200, near: 120 })])
    expect(causeOf(judge, judgedDocument({ idleMs: 5_000 }))).toBe('keepalive_race')
    expect(causeOf(judge, judgedDocument({ idleMs: 1_200, near: 120 }))).toBe('premature_close')
  })

  test('changes the cause and its confidence alone', () => {
    const document = judgedDocument({ idleMs: 5_000 })
    const { edgemicro, ...rest } = judgeOf(racesAt(5_000, 30)).judged(document)
    const { edgemicro: before, ...restBefore } = document
    expect(rest).toEqual(restBefore)
    expect({ ...edgemicro, cause: before.cause, confidence: before.confidence }).toEqual(before)
    expect(edgemicro.confidence).toBeGreaterThanOrEqual(0.6)
    expect(edgemicro.confidence).toBeLessThanOrEqual(0.99)
  })

  test('leaves open what it cannot tell', () => {
    const document = judgedDocument({ idleMs: 700, reuses: 40, near: 1, same: 0 })
    expect(judgeOf([document]).judged(document)).toBe(document)
  })

  test('learns of each target by itself', () => {
    const judge = judgeOf([...racesAt(5_000, 30), ...racesAt(20_000, 30, '10.0.0.10:8080')])
    const estimates = judge.estimates()
    expect([...estimates.keys()]).toEqual([TARGET, '10.0.0.10:8080'])
    expect(estimates.get(TARGET)?.timeoutMs).toBeCloseTo(5_000, -3)
    expect(estimates.get('10.0.0.10:8080')?.timeoutMs).toBeCloseTo(20_000, -3)
  })

  test('learns from what comes after its first verdict', () => {
    const judge = judgeOf([])
    const document = judgedDocument({ idleMs: 7_300, reuses: 40, near: 1, same: 0 })
    judge.add(document)
    const before = judge.judged(document).edgemicro.confidence
    for (const each of racesAt(7_300, 30)) judge.add(each)
    const { cause, confidence } = judge.judged(document).edgemicro
    expect(cause).toBe('keepalive_race')
    expect(confidence).toBeGreaterThan(before)
  })

  test('takes a known timeout for granted', () => {
    const document = judgedDocument({ idleMs: 3_300, reuses: 40, near: 1, same: 0 })
    expect(causeOf(judgeOf([document], new Map([[TARGET, 3_310]])), document)).toBe('keepalive_race')
    expect(causeOf(judgeOf([document], new Map([[TARGET, 60_000]])), document)).toBe('premature_close')
    expect(causeOf(judgeOf([document], new Map([['10.0.0.10:8080', 60_000]])), document)).toBe(
      causeOf(judgeOf([document]), document),
    )
  })
})

describe('known timeouts alone', () => {
  const known = new KnownTimeouts(new Map([[TARGET, 5_000]]))

  test('tell a reset at about the timeout from one long before it', () => {
    expect(known.judged(judgedDocument({ idleMs: 5_000 })).edgemicro.cause).toBe('keepalive_race')
    expect(known.judged(judgedDocument({ idleMs: 1_200, near: 120 })).edgemicro.cause).toBe('premature_close')
  })

  test('say the same of a document that was judged', () => {
    const judged = known.judged(judgedDocument({ idleMs: 5_000 }))
    expect(known.judged(judged)).toBe(judged)
  })

  test('leave those of other targets, and proven causes, as they are', () => {
    const documents = [
      judgedDocument({ idleMs: 5_000, target: '10.0.0.10:8080' }),
      judgedDocument({ idleMs: 5_000, cause: 'client_abort' }),
    ]
    for (const each of documents) expect(known.judged(each)).toBe(each)
    expect(new KnownTimeouts(new Map()).judged(documents[0])).toBe(documents[0])
  })
})
