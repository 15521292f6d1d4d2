import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api'
import { mergeFailureDocuments } from '../../../src/pipeline/document.js'
import { verdictsBy } from '../../../src/pipeline/verdicts.js'
import { failureOf, trafficOf } from '../../../src/sinks/duckdb/rows.js'
import { DuckDbSink } from '../../../src/sinks/duckdb/sink.js'
import type { SinkHarness } from '../../contract/sink-contract.js'
import type { VerdictHarness } from '../../contract/verdict-contract.js'
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

/** A store whose verdicts the pipeline revises. */
export async function judgedDuckdbHarness(): Promise<VerdictHarness> {
  const { path, remove } = await duckdbHarness()
  return {
    open: () => DuckDbSink.open({ path, mergeFailures: mergeFailureDocuments, verdicts: verdictsBy(new Map()) }),
    failures: async () => (await query(path, 'SELECT * FROM failures')).map(failureOf),
    remove,
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
