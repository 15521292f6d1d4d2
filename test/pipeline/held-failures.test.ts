import { describe, expect, test } from '@jest/globals'
import { HeldFailures } from '../../src/pipeline/held-failures.js'
import type { FailureDocument, IndexDocument } from '../../src/records.js'
import { traffic } from '../support/documents.js'
import { judgedDocument, racesAt } from '../support/judged-documents.js'

const indexed = (document: FailureDocument, id = document.http.request.id ?? ''): IndexDocument => ({
  kind: 'failure',
  id,
  document,
})

const open = (id: string, idleMs = 5_000): IndexDocument => indexed(judgedDocument({ id, idleMs }))
const proven = (id: string): IndexDocument =>
  indexed(judgedDocument({ id, idleMs: null, cause: 'connect_refused', code: 'ECONNREFUSED' }))

const idsOf = (documents: readonly IndexDocument[]): readonly string[] => documents.map(({ id }) => id)

const causesOf = (documents: readonly IndexDocument[]): ReadonlySet<string> =>
  new Set(documents.flatMap((each) => (each.kind === 'failure' ? [each.document.edgemicro.cause] : [])))

describe('failures that wait for others', () => {
  test('keep their order, and hold back those behind them', () => {
    const held = new HeldFailures()
    expect(idsOf(held.add([proven('a'), open('b'), proven('c')]))).toEqual(['a'])
    expect(idsOf(held.add([proven('d'), open('e')]))).toEqual([])
    expect(idsOf(held.end())).toEqual(['b', 'c', 'd', 'e'])
    expect(held.end()).toEqual([])
  })

  test('let pass what is no failure', () => {
    const held = new HeldFailures()
    const counted = traffic()
    expect(held.add([open('a'), counted])).toEqual([counted])
  })

  test('let pass all where no cause is open', () => {
    const held = new HeldFailures()
    const documents = [proven('a'), traffic(), proven('b')]
    expect(held.add(documents)).toEqual(documents)
  })

  test('are judged by those of their target that come later', () => {
    const held = new HeldFailures()
    held.add([indexed(judgedDocument({ id: 'first', idleMs: 7_300, reuses: 40, near: 1, same: 0 }))])
    held.add(racesAt(7_300, 30).map((each) => indexed(each)))
    const documents = held.end()
    expect(documents[0].id).toBe('first')
    expect(documents).toHaveLength(31)
    expect(causesOf(documents)).toEqual(new Set(['keepalive_race']))
  })

  test('are judged by a timeout that is known', () => {
    const document = judgedDocument({ id: 'a', idleMs: 3_300, reuses: 40, near: 1, same: 0 })
    const held = new HeldFailures({ timeouts: new Map([[document.edgemicro.target ?? '', 60_000]]) })
    held.add([indexed(document)])
    expect(causesOf(held.end())).toEqual(new Set(['premature_close']))
  })

  test('go on too early, the older ones, where they are too many', () => {
    const held = new HeldFailures({ maxHeld: 10 })
    const all = racesAt(5_000, 25).map((each) => indexed(each))
    const passed: IndexDocument[] = []
    let most = 0
    all.forEach((each, i) => {
      passed.push(...held.add([each]))
      most = Math.max(most, i + 1 - passed.length)
    })
    expect(most).toBe(10)
    expect(idsOf([...passed, ...held.end()])).toEqual(idsOf(all))
    expect(causesOf(passed)).toEqual(new Set(['keepalive_race']))
  })

  test('are no more than allowed where many come at once', () => {
    const held = new HeldFailures({ maxHeld: 10 })
    const passed = held.add(racesAt(5_000, 100).map((each) => indexed(each)))
    expect(100 - passed.length).toBeLessThanOrEqual(10)
  })
})
