import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DuckDbFrequencyStore } from '../../src/frequency/duckdb.js'
import { DuckDbSink } from '../../src/sinks/duckdb/sink.js'
import { describeFrequencyStore } from '../contract/frequency-contract.js'
import { failure, mergeFailures, traffic } from '../support/documents.js'

const everything = { by: [], everyMs: null, filter: {} } as const

describe('DuckDB', () => {
  let directory: string
  let stores = 0
  const newPath = () => join(directory, `store-${stores++}.duckdb`)

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'hangup-frequency-'))
  })

  afterAll(() => rm(directory, { recursive: true, force: true }))

  describeFrequencyStore('duckdb', async (documents) => {
    const path = newPath()
    const sink = await DuckDbSink.open({ path, mergeFailures })
    await sink.write(documents)
    await sink.close()
    return DuckDbFrequencyStore.open(path)
  })

  test('answers over the connection of a sink that goes on writing', async () => {
    const sink = await DuckDbSink.open({ path: newPath(), mergeFailures })
    const store = DuckDbFrequencyStore.over(await sink.connect())
    await sink.write([failure({ id: 'a' }), traffic({ requests: 7 })])
    expect(await store.ask(everything)).toMatchObject([{ failures: 1, requests: 7 }])
    await sink.write([failure({ id: 'b' })])
    expect(await store.ask(everything)).toMatchObject([{ failures: 2, requests: 7 }])
    await store.close()
    await sink.write([failure({ id: 'c' })])
    await sink.close()
  })

  test('counts a failure once however often it was written', async () => {
    const path = newPath()
    const sink = await DuckDbSink.open({ path, mergeFailures })
    const documents = [failure({ id: 'a', halves: 'client' }), traffic({ requests: 7 })]
    for (const again of [documents, [failure({ id: 'a', halves: 'target' })], documents]) await sink.write(again)
    await sink.close()
    const store = await DuckDbFrequencyStore.open(path)
    expect(await store.ask(everything)).toMatchObject([{ failures: 1, requests: 7 }])
    await store.close()
  })

  test('can be opened twice for reading', async () => {
    const path = newPath()
    await (await DuckDbSink.open({ path, mergeFailures })).close()
    const [one, other] = await Promise.all([DuckDbFrequencyStore.open(path), DuckDbFrequencyStore.open(path)])
    await one.close()
    expect(await other.ask(everything)).toEqual([])
    await other.close()
  })

  test('says that a store is missing', async () => {
    await expect(DuckDbFrequencyStore.open(newPath())).rejects.toMatchObject({
      name: 'InputError',
      code: 'input_not_found',
    })
  })

  test('says that a directory cannot be opened', async () => {
    await expect(DuckDbFrequencyStore.open(directory)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'store_unreachable',
    })
  })

  test('refuses a file that is no store', async () => {
    const path = newPath()
    await writeFile(path, 'a line of a log\n'.repeat(500))
    await expect(DuckDbFrequencyStore.open(path)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'store_incompatible',
    })
  })

  test.each([
    ['that hangup did not make', 'CREATE TABLE failures (id INTEGER)'],
    ['that is newer', 'CREATE TABLE meta AS SELECT 99 AS schema_version'],
    ['that is older', 'CREATE TABLE meta AS SELECT 0 AS schema_version'],
  ])('refuses a DuckDB file %s', async (_, sql) => {
    const path = newPath()
    const instance = await DuckDBInstance.create(path)
    const connection = await instance.connect()
    await connection.run(sql)
    connection.closeSync()
    instance.closeSync()
    await expect(DuckDbFrequencyStore.open(path)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'store_incompatible',
    })
  })

  test('says that the store is in use while a sink writes it', async () => {
    const path = newPath()
    const sink = await DuckDbSink.open({ path, mergeFailures })
    await expect(DuckDbFrequencyStore.open(path)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'store_locked',
    })
    await sink.close()
    await (await DuckDbFrequencyStore.open(path)).close()
  })
})
