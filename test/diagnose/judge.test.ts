import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { processOf, resetOf } from '../../src/diagnose/document-reset.js'
import { Judge } from '../../src/diagnose/judge.js'
import type { FailureDocument } from '../../src/records.js'
import { T0 } from '../support/documents.js'
import { type Judged, judgedDocument, racesAt } from '../support/judged-documents.js'
import { type FailureRecord, type ResetSketch, reset, resetsAt } from '../support/resets.js'

const TARGET = '10.0.0.9:8080'

function judgeOf(documents: readonly FailureDocument[], timeouts?: ReadonlyMap<string, number>): Judge {
  const judge = new Judge({ timeouts })
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

describe('the process that logged a failure', () => {
  const processIn = (path: string): string => {
    const { log, ...document } = judgedDocument({ idleMs: 5_000 })
    return processOf({ ...document, log: { ...log, file: { path } } })
  }

  test.each([
    ['edgemicro-gw-1-0aabbccd-2-api.log', 'edgemicro-gw-1-0aabbccd-1-api.log'],
    ['edgemicro-gw-1-0aabbccd-1-api.log.3.gz', 'edgemicro-gw-1-0aabbccd-1-api.log'],
    ['edgemicro-gw-1-0aabbccd-1-api.log-20261123', 'edgemicro-gw-1-0aabbccd-1-api.log'],
    ['console.log.1', 'console.log'],
  ])('is that of %s and %s', (one, other) => {
    expect(processIn(`/var/tmp/${one}`)).toBe(processIn(`/var/tmp/${other}`))
  })

  test('is another one in files of another start', () => {
    expect(processIn('edgemicro-gw-1-0aabbccd-1-api.log')).not.toBe(processIn('edgemicro-gw-1-1aabbccd-1-api.log'))
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

describe('verdicts', () => {
  const DAY = 86_400_000
  const few = (idleMs: number, id: string, more: Partial<ResetSketch> = {}) =>
    reset({ idleMs, id, reuses: 40, near: 1, same: 0, ...more }).document
  const documentsOf = (records: readonly FailureRecord[]) => records.map(({ document }) => document)
  const judgementsOf = (judge: Judge, documents: readonly FailureDocument[]) =>
    documents.map((each) => judge.judged(each).edgemicro).map(({ cause, confidence }) => [cause, confidence])

  test('are those of the resets as a set: neither their order nor repetition counts', () => {
    const documents = [
      ...documentsOf(resetsAt(5_000, 24, { gateway: 'a' })),
      ...documentsOf(resetsAt(9_000, 9, { gateway: 'b', id: 'other' })),
      few(1_200, 'one', { near: 30, timeMs: T0 - DAY }),
      few(7_000, 'two', { timeMs: T0 + DAY }),
    ]
    const expected = judgementsOf(judgeOf(documents), documents)
    expect(new Set(expected.map(([cause]) => cause)).size).toBeGreaterThan(1)
    const again = fc.array(fc.constantFrom(...documents), { maxLength: 20 })
    const shuffled = fc.shuffledSubarray(documents, { minLength: documents.length, maxLength: documents.length })
    fc.assert(
      fc.property(shuffled, again, (order, more) => {
        expect(judgementsOf(judgeOf([...order, ...more]), documents)).toEqual(expected)
      }),
      { numRuns: 20 },
    )
  })

  test('are the same of what was judged before', () => {
    const documents = documentsOf(resetsAt(5_000, 30))
    const judge = judgeOf(documents)
    const judged = documents.map((each) => judge.judged(each))
    const other = judgeOf(judged)
    for (const each of judged) expect(other.judged(each)).toBe(each)
  })

  test.each([
    ['of its own day', 0, 'keepalive_race'],
    ['of the day before', -DAY, 'keepalive_race'],
    ['of two days before', -2 * DAY, 'undetermined'],
    ['of the day behind it', DAY, 'undetermined'],
  ])('rest on resets %s, or not', (_, away, cause) => {
    const document = few(700, 'one')
    const judge = judgeOf([document, ...documentsOf(resetsAt(700, 30, { timeMs: T0 + away }))])
    expect(causeOf(judge, document)).toBe(cause)
  })

  test('change with what the days of their target tell, whatever other targets do', () => {
    const document = few(700, 'one')
    const others = documentsOf(resetsAt(700, 30, { target: '10.0.0.10:8080' }))
    expect(causeOf(judgeOf([document, ...others]), document)).toBe('undetermined')
  })

  test('come of fewer resets where only so many are remembered: the oldest days go', () => {
    const judge = new Judge({ maxResets: 40 })
    const days = [0, 1, 2, 3].map((day) => documentsOf(resetsAt(700, 30, { id: `${day}`, timeMs: T0 + day * DAY })))
    for (const each of days.flat()) judge.add(each)
    expect(causeOf(judge, few(700, 'old'))).toBe('undetermined')
    expect(causeOf(judge, few(700, 'new', { timeMs: T0 + 3 * DAY }))).toBe('keepalive_race')
  })

  test('come of a sample where one target resets all day', () => {
    const judge = new Judge({ maxResetsOfDay: 30 })
    for (const each of documentsOf(resetsAt(700, 300))) judge.add(each)
    expect(causeOf(judge, few(700, 'one'))).toBe('keepalive_race')
    expect(judge.estimates().get(TARGET)?.races).toBeLessThanOrEqual(60)
  })

  test('wait, with patience, until resets are so many more', () => {
    const judge = new Judge({ patience: 1 })
    const document = few(700, 'one')
    const more = documentsOf(resetsAt(700, 30))
    judge.add(document)
    const confidences = more.map((each) => {
      judge.add(each)
      return judge.judged(document).edgemicro.confidence
    })
    expect(new Set(confidences).size).toBeLessThanOrEqual(5)
    expect(causeOf(judge, document)).toBe('keepalive_race')
  })
})

describe('estimates', () => {
  test('are of the newest days that suffice, with the races of all', () => {
    const DAY = 86_400_000
    const daily = (day: number, idleMs: number, count: number) =>
      resetsAt(idleMs, count, { id: `${day}`, timeMs: T0 + day * DAY }).map(({ document }) => document)
    const estimate = judgeOf([...daily(0, 5_000, 30), ...daily(5, 20_000, 30), ...daily(9, 700, 1)])
      .estimates()
      .get(TARGET)
    expect(estimate).toMatchObject({ state: 'estimated' })
    expect(estimate?.timeoutMs).toBeCloseTo(20_000, -3)
    expect(estimate?.races).toBeGreaterThanOrEqual(60)
  })
})
