import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, DuckDBTimestampValue, type DuckDBValue } from '@duckdb/node-api'
import type { TrafficBasis, TrafficDocument } from '../../../src/records.js'
import { failureOf, type Row } from '../../../src/sinks/duckdb/rows.js'
import { DuckDbSink } from '../../../src/sinks/duckdb/sink.js'
import type { SinkHarness } from '../../contract/sink-contract.js'
import { mergeFailures } from '../../support/documents.js'

/** A store in a directory of its own. */
export async function duckdbHarness(): Promise<SinkHarness & { readonly path: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'hangup-duckdb-'))
  const path = join(directory, 'store', 'hangup.duckdb')
  return {
    path,
    open: () => DuckDbSink.open({ path, mergeFailures }),
    stored: async () => [
      ...(await query(path, 'SELECT * FROM failures ORDER BY id')).map(failureOf),
      ...(await query(path, 'SELECT * FROM traffic ORDER BY id')).map(trafficOf),
    ],
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Rows of a statement on a file that no sink has open. */
export async function query(path: string, sql: string): Promise<Record<string, DuckDBValue>[]> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The traffic document of a row of `traffic`; the inverse of `TRAFFIC_COLUMNS`. */
export function trafficOf(row: Row): TrafficDocument {
  if (!(row.timestamp instanceof DuckDBTimestampValue)) throw new TypeError('a TIMESTAMP column holds something else')
  return {
    '@timestamp': new Date(Number(row.timestamp.micros / 1000n)).toISOString(),
    event: { dataset: 'edgemicro.traffic' },
    edgemicro: {
      target: textOf(row.target),
      proxy: textOf(row.proxy),
      org: textOf(row.org),
      env: textOf(row.env),
      gateway: textOf(row.gateway),
      partition: String(row.partition),
      requests: Number(row.requests),
      responses: Number(row.responses),
      basis: String(row.basis) as TrafficBasis,
    },
  }
}

function textOf(value: DuckDBValue): string | null {
  return value === null ? null : String(value)
}
