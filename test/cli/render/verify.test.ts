import { describe, expect, test } from '@jest/globals'
import { renderVerification, verificationJson } from '../../../src/cli/render/verify.js'
import { displayWidth } from '../../../src/cli/terminal/text.js'
import type { DescribedDifference } from '../../../src/verify/difference.js'
import type { Verification } from '../../../src/verify/verify.js'
import { COLOURED_STYLE, OBEYED, PLAIN_STYLE } from '../support.js'

const MISSING: DescribedDifference = {
  difference: 'missing',
  kind: 'failure',
  id: 'a',
  timestamp: '2021-06-23T03:52:00.000Z',
  origin: 'gw',
  places: [],
  fields: [],
}

const SAME: Verification = {
  range: { minMs: Date.UTC(2021, 5, 23), maxMs: Date.UTC(2021, 5, 24) },
  expected: { failure: 1, traffic: 1_200 },
  stores: [{ name: 'duckdb x', found: { failure: 1, traffic: 1_200 }, differences: [], described: [] }],
}

function different(...described: readonly DescribedDifference[]): Verification {
  const more = { difference: 'different', kind: 'traffic', id: 'more' } as const
  return { ...SAME, stores: [{ ...SAME.stores[0], differences: [...described, more], described }] }
}

const text = (verification: Verification, style = PLAIN_STYLE, width = 100): string =>
  renderVerification(verification, { width, style, isTerminal: false }).join('\n')

describe('renderVerification', () => {
  test('says what was compared and that it is the same', () => {
    expect(text(SAME)).toBe(
      'Input: 1 failure and 1,200 traffic documents, 2021-06-23 00:00:00 UTC to 2021-06-24 00:00:00 UTC.\n\nduckdb x: the same',
    )
    expect(text({ ...SAME, range: null, expected: { failure: 0, traffic: 0 } })).toContain(
      'Input: 0 failures and 0 traffic documents.\n',
    )
  })

  test('counts each kind of difference that there is, and shows the first', () => {
    const lines = text(different(MISSING)).split('\n')
    expect(lines.slice(2)).toEqual([
      'duckdb x: 2 differences',
      '',
      'difference  failures  traffic  means',
      'missing            1        0  of the input, not in the store',
      'different          0        1  in both, not the same',
      '',
      'missing  failure  a  2021-06-23T03:52:00.000Z  gw',
      'and 1 more; --limit shows more of them, --json all',
    ])
  })

  test('shows where a duplicate lies, and which fields differ, ten at most', () => {
    const fields = Array.from({ length: 12 }, (_, index) => ({ field: `f${index}`, input: index, store: null }))
    const shown = text(
      different(
        { ...MISSING, difference: 'duplicate', places: ['day-1', 'day-2'] },
        { ...MISSING, difference: 'different', fields: [{ field: 'x', input: 'a' }, ...fields] },
      ),
    )
    expect(shown).toContain('\n  in day-1, day-2\n')
    expect(shown).toMatch(/^ {2}x +"a" +absent$/m)
    expect(shown).toMatch(/^ {2}f8 +8 +null$/m)
    expect(shown).toContain('\n  and 3 more fields\n')
  })

  test('makes whatever a terminal would obey visible, and fits it', () => {
    const evil = '\u001b[31m\u202eevil\n'.repeat(40)
    const shown = text(
      different({
        ...MISSING,
        id: evil,
        origin: evil,
        places: ['x', evil],
        fields: [{ field: evil, input: evil, store: evil }],
      }),
      PLAIN_STYLE,
      80,
    )
    expect(shown).not.toMatch(OBEYED)
    const table = shown.split('\n').filter((line) => line.startsWith('  ') && !line.startsWith('  in '))
    expect(Math.max(...table.map(displayWidth))).toBeLessThanOrEqual(80)
  })

  test('has colours only where they are wanted', () => {
    expect(text(SAME)).not.toContain('\u001b')
    expect(text(SAME, COLOURED_STYLE)).toContain('\u001b')
  })
})

describe('verificationJson', () => {
  test('is one object with all differences, those described with what both sides say', () => {
    const answer = JSON.parse([...verificationJson(different(MISSING), 10)].join(''))
    expect(answer).toEqual({
      same: false,
      since: '2021-06-23T00:00:00.000Z',
      until: '2021-06-24T00:00:00.000Z',
      failures: 1,
      traffic: 1_200,
      stores: [
        {
          store: 'duckdb x',
          same: false,
          failures: 1,
          traffic: 1_200,
          counts: {
            missing: { failures: 1, traffic: 0 },
            only_in_store: { failures: 0, traffic: 0 },
            different: { failures: 0, traffic: 1 },
            duplicate: { failures: 0, traffic: 0 },
          },
          differences: [MISSING, { difference: 'different', kind: 'traffic', id: 'more' }],
        },
      ],
    })
  })

  test('lists no more than was asked for, of several stores each', () => {
    const [store] = different(MISSING).stores
    const parts = [...verificationJson({ ...SAME, stores: [store, SAME.stores[0], store] }, 1)]
    const { same, stores } = JSON.parse(parts.join(''))
    expect([same, stores.map(({ differences }: { differences: unknown[] }) => differences.length)]).toEqual([
      false,
      [1, 0, 1],
    ])
  })
})
