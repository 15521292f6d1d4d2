import { describe, expect, test } from '@jest/globals'
import { ProvisionalVerdicts } from '../../src/pipeline/provisional-verdicts.js'
import type { IndexDocument } from '../../src/records.js'
import { failure, traffic } from '../support/documents.js'
import { reset, resetsAt } from '../support/resets.js'

const causesOf = (documents: readonly IndexDocument[]): readonly string[] =>
  documents.flatMap((each) => (each.kind === 'failure' ? [each.document.edgemicro.cause] : []))

const one = reset({ id: 'one', idleMs: 700, reuses: 40, near: 1, same: 0 })

describe('failures of a service that follows', () => {
  test('are given at once, with what is known by then', () => {
    const verdicts = new ProvisionalVerdicts(new Map())
    expect(causesOf(verdicts.add([one]))).toEqual(['undetermined'])
    verdicts.add(resetsAt(700, 30))
    expect(causesOf(verdicts.add([one]))).toEqual(['keepalive_race'])
    expect(verdicts.end()).toEqual([])
  })

  test('are judged with those that come with them', () => {
    const given = new ProvisionalVerdicts(new Map()).add([one, ...resetsAt(700, 30)])
    expect(new Set(causesOf(given))).toEqual(new Set(['keepalive_race']))
  })

  test('are judged by a timeout that is known', () => {
    const verdicts = new ProvisionalVerdicts(new Map([[one.document.edgemicro.target ?? '', 60_000]]))
    expect(causesOf(verdicts.add([one]))).toEqual(['premature_close'])
  })

  test('pass as they are, and all else too, where no others tell their cause', () => {
    const documents = [traffic(), failure({ cause: 'connect_refused', code: 'ECONNREFUSED' })]
    const given = new ProvisionalVerdicts(new Map()).add(documents)
    expect(given).toEqual(documents)
  })
})
