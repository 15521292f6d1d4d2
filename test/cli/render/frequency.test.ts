import { describe, expect, test } from '@jest/globals'
import { frequencyCsv, frequencyJson, renderFrequency } from '../../../src/cli/render/frequency.js'
import type { FrequencyRow } from '../../../src/frequency/question.js'
import { OBEYED, PLAIN_STYLE } from '../support.js'

const START_MS = Date.parse('2026-11-23T02:00:00.000Z')

function row(
  values: FrequencyRow['values'],
  failures: number,
  requests: number | null,
  startMs: number | null = null,
): FrequencyRow {
  return { startMs, values, requests, failures, firstFailureMs: null, lastFailureMs: null }
}

const HOSTILE = row({ target: '\x1b[31m=cmd()|"a",\r\n\u202e' }, 1, null)

describe('frequencyJson', () => {
  test('is the object of the contract', () => {
    const rows = [row({ target: 'a:1', cause: 'undetermined' }, 5, 100, START_MS)]
    expect(frequencyJson({ by: ['target', 'cause'], everyMs: 60_000, rows })).toEqual({
      by: ['target', 'cause'],
      every_ms: 60_000,
      rows: [
        {
          start: '2026-11-23T02:00:00.000Z',
          target: 'a:1',
          cause: 'undetermined',
          requests: 100,
          failures: 5,
          rate: 0.05,
        },
      ],
    })
  })

  test('says null for what is not known', () => {
    expect(frequencyJson({ by: ['target'], everyMs: null, rows: [row({ target: null }, 5, null)] }).rows).toEqual([
      { start: null, target: null, requests: null, failures: 5, rate: null },
    ])
  })
})

describe('renderFrequency', () => {
  test('is a table with one column per dimension', () => {
    const rows = [row({ target: 'a:1' }, 1_234, 5_000, START_MS), row({ target: null }, 5, null, START_MS)]
    expect(renderFrequency({ by: ['target'], everyMs: 60_000, rows }, { width: 100, style: PLAIN_STYLE })).toEqual([
      '                  start  target   requests  failures  rate',
      '2026-11-23 02:00:00 UTC  a:1         5,000     1,234  25 %',
      '2026-11-23 02:00:00 UTC  unknown         -         5     -',
    ])
  })

  test('has no column of starts where there are no windows', () => {
    const [titles] = renderFrequency(
      { by: [], everyMs: null, rows: [row({}, 1, 2)] },
      { width: 100, style: PLAIN_STYLE },
    )
    expect(titles).toBe('requests  failures  rate')
  })

  test('says so where there is nothing', () => {
    expect(renderFrequency({ by: ['target'], everyMs: null, rows: [] }, { width: 100, style: PLAIN_STYLE })).toEqual([
      'nothing to count',
    ])
  })

  test('a hostile target never reaches the terminal', () => {
    const lines = renderFrequency(
      { by: ['target'], everyMs: null, rows: [HOSTILE] },
      { width: 100, style: PLAIN_STYLE },
    )
    expect(lines).toHaveLength(2)
    expect(lines.join('')).not.toMatch(OBEYED)
  })
})

describe('frequencyCsv', () => {
  test('has a header and quotes every text', () => {
    const rows = [row({ target: 'a:1' }, 5, 100, START_MS)]
    expect(frequencyCsv({ by: ['target'], everyMs: 60_000, rows })).toBe(
      'start,target,requests,failures,rate\r\n"2026-11-23T02:00:00.000Z","a:1",100,5,0.05\r\n',
    )
  })

  test('keeps texts exactly, with quotes doubled', () => {
    expect(frequencyCsv({ by: ['target'], everyMs: null, rows: [HOSTILE] })).toBe(
      'start,target,requests,failures,rate\r\n,"\x1b[31m=cmd()|""a"",\r\n\u202e",,1,\r\n',
    )
  })

  test('is a header alone where there is nothing', () => {
    expect(frequencyCsv({ by: ['code'], everyMs: null, rows: [] })).toBe('start,code,requests,failures,rate\r\n')
  })
})
