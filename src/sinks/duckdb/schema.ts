import { readdirSync, readFileSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { PermanentError } from '../../errors.js'

/** One version of the schema and the statements that lead to it from the version before. */
export interface Migration {
  readonly version: number
  readonly sql: string
}

/** The migrations in `mappings/duckdb/`, oldest first. The folder ships beside the code. */
export function shippedMigrations(): readonly Migration[] {
  const folder = new URL('../../../mappings/duckdb/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => /^\d{3}-.+\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 3)), sql: readFileSync(new URL(name, folder), 'utf8') }))
}

/**
 * Brings a store to the newest version, all or nothing. Throws `PermanentError` (`store_incompatible`) for a store
 * that is newer than the migrations, or whose tables are not ours; it is left as it was.
 */
export async function migrate(
  connection: DuckDBConnection,
  path: string,
  migrations: readonly Migration[],
): Promise<void> {
  const stored = await storedVersion(connection, path)
  const newest = migrations.at(-1)?.version ?? 0
  if (stored > newest) {
    throw new PermanentError(`the store has schema version ${stored}, this hangup knows ${newest}: ${path}`, {
      code: 'store_incompatible',
      hint: 'install the hangup that wrote it or a newer one, or give another path',
    })
  }
  const due = migrations.filter(({ version }) => version > stored)
  if (due.length === 0) return
  await connection.run('BEGIN')
  try {
    for (const { sql } of due) await connection.run(sql)
    await connection.run('CREATE TABLE IF NOT EXISTS meta (schema_version INTEGER NOT NULL)')
    await connection.run('DELETE FROM meta')
    await connection.run('INSERT INTO meta VALUES ($1)', [newest])
    await connection.run('COMMIT')
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => {})
    throw error
  }
}

/** The version of a store's tables; 0 for a file without any. Throws `PermanentError` (`store_incompatible`) where they are not ours. */
export async function storedVersion(connection: DuckDBConnection, path: string): Promise<number> {
  const tables = await connection.runAndReadAll('SELECT table_name FROM duckdb_tables() WHERE NOT temporary')
  if (tables.currentRowCount === 0) return 0
  const names = tables.getRows().map(([name]) => name)
  const columns = await connection.runAndReadAll(
    "SELECT column_name FROM duckdb_columns() WHERE table_name = 'meta' AND column_name = 'schema_version'",
  )
  if (columns.currentRowCount === 0 || !names.includes('failures')) throw foreignStore(path)
  const version = (await connection.runAndReadAll('SELECT max(schema_version) FROM meta')).value(0, 0)
  if (version === null) throw foreignStore(path)
  return Number(version)
}

function foreignStore(path: string): PermanentError {
  return new PermanentError(`a DuckDB file that hangup did not make: ${path}`, {
    code: 'store_incompatible',
    hint: 'give the path of a new file, or of a store that hangup made',
  })
}
