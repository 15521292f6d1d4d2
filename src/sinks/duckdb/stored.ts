import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import type { DocumentKind, StoredDocument, StoredDocuments, TimeRange } from '../stored.js'
import { storeError } from './errors.js'
import { openReadOnly, type ReadOnlyStore } from './read-only.js'
import { FAILURE_COLUMNS, failureOf, instant, type Row, storedText, TRAFFIC_COLUMNS, trafficOf } from './rows.js'
import { columnList } from './staging.js'

/** The documents of a DuckDB store. Throws as `openReadOnly`. */
export async function openStoredInDuckDb(path: string): Promise<StoredDocuments> {
  const store = await openReadOnly(path)
  return new DuckDbDocuments(path, store)
}

class DuckDbDocuments implements StoredDocuments {
  readonly name: string

  constructor(
    private readonly path: string,
    private readonly store: ReadOnlyStore,
  ) {
    this.name = `duckdb ${path}`
  }

  keyOf(id: string): string {
    return storedText(id)
  }

  within(kind: DocumentKind, { sinceMs, untilMs }: TimeRange): AsyncIterable<readonly StoredDocument[]> {
    const range = { since: instant(sinceMs), until: instant(untilMs) }
    return this.#select(kind, '"timestamp" BETWEEN $since AND $until', range)
  }

  under(kind: DocumentKind, keys: readonly string[]): AsyncIterable<readonly StoredDocument[]> {
    const names = keys.map((_, index) => `k${index}`)
    const condition = keys.length === 0 ? 'false' : `id IN (${names.map((name) => `$${name}`).join(', ')})`
    return this.#select(kind, condition, Object.fromEntries(keys.map((key, index) => [names[index], key])))
  }

  async close(): Promise<void> {
    this.store.close()
  }

  async *#select(kind: DocumentKind, condition: string, parameters: Record<string, DuckDBValue>) {
    const { table, columns, documentOf } = TABLES[kind]
    try {
      const { connection }: { connection: DuckDBConnection } = this.store
      const rows = await connection.stream(`SELECT ${columns} FROM ${table} WHERE ${condition}`, parameters)
      for await (const part of rows.yieldRowObjects()) {
        yield part.map(
          (row): StoredDocument => ({ kind, key: String(row.id), place: table, document: documentOf(row) }),
        )
      }
    } catch (error) {
      throw storeError(error, this.path)
    }
  }
}

interface Table {
  readonly table: string
  readonly columns: string
  readonly documentOf: (row: Row) => unknown
}

const TABLES: Readonly<Record<DocumentKind, Table>> = {
  failure: { table: 'failures', columns: columnList(FAILURE_COLUMNS), documentOf: failureOf },
  traffic: { table: 'traffic', columns: columnList(TRAFFIC_COLUMNS), documentOf: trafficOf },
}
