import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { FAILURE_COLUMNS, sameRow, storedText, TRAFFIC_COLUMNS } from '../../../src/sinks/duckdb/rows.js'
import { shippedMigrations } from '../../../src/sinks/duckdb/schema.js'
import { failure, T0, traffic } from '../../support/documents.js'
import { duckdbHarness, query } from './harness.js'

describe('rows of the duckdb store', () => {
  let harness: Awaited<ReturnType<typeof duckdbHarness>>

  beforeEach(async () => {
    harness = await duckdbHarness()
    await (await harness.open()).close()
  })

  afterEach(() => harness.remove())

  test.each([
    ['failures', FAILURE_COLUMNS],
    ['traffic', TRAFFIC_COLUMNS],
  ])('have the columns of the table %s, in its order and types', async (table, columns) => {
    const rows = await query(
      harness.path,
      `SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '${table}' ORDER BY column_index`,
    )
    expect(columns.map(({ name, type }) => [name, String(type)])).toEqual(
      rows.map((row) => [row.column_name, row.data_type]),
    )
  })

  test('have schema versions without gaps', () => {
    const versions = shippedMigrations().map(({ version }) => version)
    expect(versions).toEqual(versions.map((_, index) => index + 1))
  })

  test('survive every time, number and structure that a document can hold', async () => {
    const { document } = failure({ timeMs: T0 + 7 })
    const odd = [Number.MAX_SAFE_INTEGER, 0, -1, 1e15].map((offset, index) => ({
      kind: 'failure' as const,
      id: `odd-${index}`,
      document: {
        ...document,
        '@timestamp': new Date([0, -1, 253402300799999, T0][index] ?? 0).toISOString(),
        event: { ...document.event, duration: offset },
        edgemicro: {
          ...document.edgemicro,
          confidence: [0, 1, 0.1, 1 / 3][index] ?? 0,
          evidence: { a: 0.1, 'b"\u0000': null, c: offset },
        },
        log: { ...document.log, offset },
      },
    }))
    const sink = await harness.open()
    await sink.write(odd)
    await sink.close()
    expect(await harness.stored()).toEqual(odd.map((one) => one.document))
  })

  test('are the same only where every field is', () => {
    const one = failure().document
    expect(sameRow(FAILURE_COLUMNS, one, failure().document)).toBe(true)
    expect(sameRow(FAILURE_COLUMNS, one, failure({ timeMs: T0 + 1 }).document)).toBe(false)
    expect(sameRow(FAILURE_COLUMNS, one, failure({ worker: null }).document)).toBe(false)
    expect(sameRow(TRAFFIC_COLUMNS, traffic().document, traffic({ requests: 101 }).document)).toBe(false)
  })

  test('hold U+FFFD for a lone surrogate and every other text as it is', () => {
    expect(storedText('\ud800a\udc00 \u{1f600} \u0000')).toBe('\ufffda\ufffd \u{1f600} \u0000')
  })
})
