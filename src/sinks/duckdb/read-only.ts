import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { InputError, PermanentError } from '../../errors.js'
import { storeError } from './errors.js'
import { shippedMigrations, storedVersion } from './schema.js'

export interface ReadOnlyStore {
  readonly connection: DuckDBConnection
  close(): void
}

/**
 * Opens a store for reading alone: nothing is made and nothing is changed. Throws `InputError` (`input_not_found`) where
 * it is missing and `PermanentError`: `store_locked` while a process writes it, `store_incompatible` for a store of
 * another version or another kind of file.
 */
export async function openReadOnly(path: string): Promise<ReadOnlyStore> {
  if (!existsSync(path)) {
    throw new InputError(`no such store: ${path}`, {
      code: 'input_not_found',
      hint: 'run the pipeline first, or give the path that its duckdb sink wrote',
    })
  }
  let instance: DuckDBInstance | null = null
  let connection: DuckDBConnection | null = null
  const close = (): void => {
    connection?.closeSync()
    instance?.closeSync()
  }
  try {
    instance = await DuckDBInstance.fromCache(resolve(path), SETTINGS)
    connection = await instance.connect()
    await checkVersion(connection, path)
    return { connection, close }
  } catch (error) {
    close()
    throw storeError(error, path)
  }
}

const SETTINGS: Record<string, string> = {
  access_mode: 'READ_ONLY',
  memory_limit: '512MiB',
  threads: '2',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
}

async function checkVersion(connection: DuckDBConnection, path: string): Promise<void> {
  const newest = shippedMigrations().at(-1)?.version ?? 0
  const version = await storedVersion(connection, path)
  if (version === newest) return
  throw new PermanentError(`the store has schema version ${version}, this hangup reads ${newest}: ${path}`, {
    code: 'store_incompatible',
    hint:
      version > newest
        ? 'install the hangup that wrote it or a newer one'
        : 'run a pipeline into it once, that brings it up to date',
  })
}
