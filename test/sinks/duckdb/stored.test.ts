import { spawnSync } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { shippedMigrations } from '../../../src/sinks/duckdb/schema.js'
import { DuckDbSink } from '../../../src/sinks/duckdb/sink.js'
import { openStoredInDuckDb } from '../../../src/sinks/duckdb/stored.js'
import { describeStored } from '../../contract/stored-contract.js'
import { failure, mergeFailures, T0 } from '../../support/documents.js'
import { duckdbHarness, query } from './harness.js'

describeStored('duckdb', async () => {
  const harness = await duckdbHarness()
  return {
    async fill(documents) {
      const sink = await harness.open()
      await sink.write(documents)
      await sink.close()
    },
    open: () => openStoredInDuckDb(harness.path),
    remove: harness.remove,
  }
})

describe('openStoredInDuckDb', () => {
  let harness: Awaited<ReturnType<typeof duckdbHarness>>

  beforeEach(async () => {
    harness = await duckdbHarness()
  })
  afterEach(() => harness.remove())

  test('makes no store where there is none', async () => {
    await expect(openStoredInDuckDb(harness.path)).rejects.toMatchObject({
      code: 'input_not_found',
      message: `no such store: ${harness.path}`,
    })
    await expect(rm(harness.path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('refuses a store while it is being written, and reads it behind', async () => {
    const sink = await harness.open()
    await sink.write([failure({ id: 'a', timeMs: T0 })])
    await expect(openStoredInDuckDb(harness.path)).rejects.toMatchObject({ code: 'store_locked' })
    await sink.close()
    const stored = await openStoredInDuckDb(harness.path)
    const [[document]] = await partsOf(stored.within('failure', { sinceMs: T0, untilMs: T0 }))
    expect(document).toMatchObject({ key: 'a', place: 'failures' })
    await stored.close()
  })

  test('refuses a store of another version, a file of somebody else, and what is no database', async () => {
    const [first] = shippedMigrations()
    const migrations = [...shippedMigrations(), { version: 900, sql: 'SELECT 1' }]
    await (await DuckDbSink.open({ path: harness.path, mergeFailures, migrations })).close()
    await expect(openStoredInDuckDb(harness.path)).rejects.toMatchObject({ code: 'store_incompatible' })
    await query(harness.path, `UPDATE meta SET schema_version = ${first.version - 1}`)
    await expect(openStoredInDuckDb(harness.path)).rejects.toMatchObject({ code: 'store_incompatible' })
    const foreign = join(harness.path, '..', 'foreign.duckdb')
    await query(foreign, 'CREATE TABLE t (i INTEGER)')
    await expect(openStoredInDuckDb(foreign)).rejects.toMatchObject({ code: 'store_incompatible' })
    await writeFile(foreign, 'x'.repeat(20_000))
    await expect(openStoredInDuckDb(foreign)).rejects.toMatchObject({ code: 'store_incompatible' })
  })

  test('reads what a crash left in the log of the store', async () => {
    const sink = await harness.open()
    await sink.close()
    const code = `
      import { DuckDBInstance } from '@duckdb/node-api'
      const connection = await (await DuckDBInstance.create(${JSON.stringify(harness.path)})).connect()
      await connection.run("INSERT INTO traffic VALUES ('t', TIMESTAMP '2021-06-23 03:52:00', NULL, NULL, NULL, NULL, NULL, 'p', 1, 1, 'lines')")
      process.kill(process.pid, 'SIGKILL')`
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', code]).signal).toBe('SIGKILL')
    const stored = await openStoredInDuckDb(harness.path)
    const parts = await partsOf(stored.under('traffic', ['t']))
    expect(parts.flat()).toMatchObject([{ key: 't', document: { '@timestamp': '2021-06-23T03:52:00.000Z' } }])
    await stored.close()
  })
})

async function partsOf<Part>(parts: AsyncIterable<Part>): Promise<readonly Part[]> {
  const all: Part[] = []
  for await (const part of parts) all.push(part)
  return all
}
