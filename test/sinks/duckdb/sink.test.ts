import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { PermanentError } from '../../../src/errors.js'
import { shippedMigrations } from '../../../src/sinks/duckdb/schema.js'
import { DuckDbSink } from '../../../src/sinks/duckdb/sink.js'
import { describeSink } from '../../contract/sink-contract.js'
import { describeVerdicts } from '../../contract/verdict-contract.js'
import { failure, mergeFailures, T0, traffic } from '../../support/documents.js'
import { duckdbHarness, judgedDuckdbHarness, query } from './harness.js'

describeSink('duckdb', duckdbHarness, { keyed: true })
describeVerdicts('duckdb', judgedDuckdbHarness)

describe('DuckDbSink', () => {
  let harness: Awaited<ReturnType<typeof duckdbHarness>>
  const open = (more: { migrations?: ReturnType<typeof shippedMigrations> } = {}) =>
    DuckDbSink.open({ path: harness.path, mergeFailures, ...more })

  beforeEach(async () => {
    harness = await duckdbHarness()
  })

  afterEach(() => harness.remove())

  test('keeps event times in UTC whatever the time zone of the machine', async () => {
    const sink = await open()
    await sink.write([failure({ timeMs: Date.UTC(2021, 11, 31, 23, 59, 59, 999) })])
    await sink.close()
    const [row] = await query(
      harness.path,
      `SELECT strftime("timestamp", '%Y-%m-%dT%H:%M:%S.%g') AS text FROM failures`,
    )
    expect(row.text).toBe('2021-12-31T23:59:59.999')
  })

  test('stores nothing of a batch whose merge fails, and goes on with the next', async () => {
    const sink = await DuckDbSink.open({
      path: harness.path,
      mergeFailures: () => {
        throw new RangeError('no merge')
      },
    })
    await sink.write([failure({ id: 'a', halves: 'client' })])
    await expect(sink.write([failure({ id: 'new' }), traffic(), failure({ id: 'a' })])).rejects.toThrow('no merge')
    await sink.write([failure({ id: 'b' })])
    await sink.close()
    const rows = await query(harness.path, 'SELECT id FROM failures UNION ALL SELECT id FROM traffic ORDER BY id')
    expect(rows).toEqual([{ id: 'a' }, { id: 'b' }])
  })

  test.each([
    ['deleted', (path: string) => rm(path)],
    ['moved', (path: string) => rename(path, `${path}.old`)],
    ['replaced', (path: string) => writeFile(`${path}.new`, '').then(() => rename(`${path}.new`, path))],
  ])('confirms nothing once its file was %s', async (_name, change) => {
    const sink = await open()
    await sink.write([failure({ id: 'a' })])
    await change(harness.path)
    await expect(sink.write([failure({ id: 'b' })])).rejects.toMatchObject({
      code: 'store_unreachable',
      message: `the store was deleted or moved while it was open: ${harness.path}`,
    })
    await sink.close()
  })

  test('lets questions be asked over its own connection while it writes', async () => {
    const sink = await open()
    const connection = await sink.connect()
    await sink.write([failure({ id: 'a' })])
    expect((await connection.runAndReadAll('SELECT count(*)::INTEGER FROM failures')).value(0, 0)).toBe(1)
    await sink.write([failure({ id: 'b' })])
    expect((await connection.runAndReadAll('SELECT count(*)::INTEGER FROM failures')).value(0, 0)).toBe(2)
    connection.closeSync()
    await sink.close()
  })

  test('may be closed twice and waits for what is being written', async () => {
    const sink = await open()
    const written = sink.write([failure({ id: 'a' })])
    await sink.close()
    await sink.close()
    await written
    await expect(sink.write([failure({ id: 'b' })])).rejects.toThrow('the store is closed')
    expect(await harness.stored()).toHaveLength(1)
  })

  test('answers its views', async () => {
    const sink = await open()
    await sink.write([
      failure({ id: 'a', timeMs: T0 + 1000, target: 'one:80' }),
      failure({ id: 'b', timeMs: T0 + 2000, target: 'one:80' }),
      failure({ id: 'c', halves: 'client', timeMs: T0 + 61_000 }),
      traffic({ target: 'one:80', requests: 8 }),
      traffic({ target: 'two:80', requests: 5 }),
    ])
    await sink.close()
    const rates = await query(
      harness.path,
      'SELECT epoch_ms("minute")::DOUBLE AS at, target, failures::INTEGER AS failures, requests::INTEGER AS requests, rate FROM frequency_per_minute',
    )
    expect(rates).toEqual([
      { at: T0, target: 'one:80', failures: 2, requests: 8, rate: 0.25 },
      { at: T0, target: 'two:80', failures: 0, requests: 5, rate: 0 },
      { at: T0 + 60_000, target: null, failures: 1, requests: null, rate: null },
    ])
    expect(await query(harness.path, 'SELECT target, failures::INTEGER AS failures FROM failures_by_target')).toEqual([
      { target: 'one:80', failures: 2 },
      { target: null, failures: 1 },
    ])
    expect(await query(harness.path, 'SELECT failures::INTEGER AS failures FROM failures_by_cause')).toHaveLength(2)
  })

  test('refuses a store that another process has open and names that process', async () => {
    await (await open()).close()
    const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLD_OPEN, harness.path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      await once(holder.stdout, 'data')
      const error = await rejection(open())
      expect(error).toMatchObject({ code: 'store_locked', message: `the store is in use: ${harness.path}` })
      expect(error.hint).toContain(`process ${holder.pid} `)
    } finally {
      holder.stdin.end()
      await once(holder, 'exit')
    }
    await (await open()).close()
  })

  test('refuses a store that this process has open already, until it is closed', async () => {
    const sink = await open()
    expect(await rejection(open())).toMatchObject({ code: 'store_locked' })
    await sink.close()
    await (await open()).close()
  })

  test.each([
    ['a log', 'a line of a log\n'.repeat(1000)],
    ['an empty file', ''],
  ])('refuses %s and leaves it as it is', async (_, content) => {
    await (await open()).close()
    await writeFile(harness.path, content)
    expect(await rejection(open())).toMatchObject({
      code: 'store_incompatible',
      message: expect.stringContaining(harness.path),
    })
    expect(await readFile(harness.path, 'utf8')).toBe(content)
  })

  test.each([
    ['with other tables', 'CREATE TABLE invoices (id INTEGER)'],
    ['with failures of its own', 'CREATE TABLE failures (id INTEGER)'],
    ['with a meta of its own', 'CREATE TABLE meta (schema_version INTEGER)'],
  ])('refuses a DuckDB file %s', async (_, sql) => {
    await (await open()).close()
    await query(
      harness.path,
      `DROP VIEW frequency_per_minute; DROP TABLE failures CASCADE; DROP TABLE traffic CASCADE; DROP TABLE meta; ${sql}`,
    )
    expect(await rejection(open())).toMatchObject({ code: 'store_incompatible' })
    expect(await query(harness.path, 'SELECT count(*)::INTEGER AS tables FROM duckdb_tables()')).toEqual([
      { tables: 1 },
    ])
  })

  test('refuses a store that is newer than the code and leaves it as it is', async () => {
    await (await open()).close()
    await query(harness.path, 'UPDATE meta SET schema_version = 99')
    const error = await rejection(open())
    expect(error).toMatchObject({ code: 'store_incompatible', message: expect.stringContaining('99') })
    expect(await query(harness.path, 'SELECT schema_version FROM meta')).toEqual([{ schema_version: 99 }])
  })

  test('brings an older store up to date and keeps what it holds', async () => {
    const sink = await open()
    await sink.write([failure({ id: 'a' })])
    await sink.close()
    const next = [
      { version: 2, sql: 'ALTER TABLE failures ADD COLUMN note VARCHAR' },
      { version: 3, sql: "UPDATE failures SET note = 'seen'" },
    ]
    await (await open({ migrations: [...shippedMigrations(), ...next] })).close()
    expect(await query(harness.path, 'SELECT id, note FROM failures')).toEqual([{ id: 'a', note: 'seen' }])
    expect(await query(harness.path, 'SELECT schema_version FROM meta')).toEqual([{ schema_version: 3 }])
  })

  test('stays at the old version when one of the migrations fails', async () => {
    await (await open()).close()
    const next = [
      { version: 2, sql: 'ALTER TABLE failures ADD COLUMN note VARCHAR' },
      { version: 3, sql: 'SELECT nonsense' },
    ]
    await expect(open({ migrations: [...shippedMigrations(), ...next] })).rejects.toThrow('nonsense')
    expect(await query(harness.path, 'SELECT schema_version FROM meta')).toEqual([{ schema_version: 1 }])
    await (await open()).close()
  })

  test('says that a directory is no store', async () => {
    expect(
      await rejection(DuckDbSink.open({ path: harness.path.replace(/\/store\/.*/, ''), mergeFailures })),
    ).toMatchObject({
      code: 'store_unreachable',
    })
  })

  test('says that a parent which is a file is no directory', async () => {
    await (await open()).close()
    expect(await rejection(DuckDbSink.open({ path: `${harness.path}/x.duckdb`, mergeFailures }))).toMatchObject({
      code: 'store_unreachable',
    })
  })

  test('says that the disk is full', async () => {
    expect(await rejection(DuckDbSink.open({ path: '/dev/full', mergeFailures }))).toMatchObject({ code: 'disk_full' })
  })
})

async function rejection(promise: Promise<unknown>): Promise<PermanentError> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(PermanentError)
  return error as PermanentError
}

const HOLD_OPEN = `
  import { DuckDBInstance } from '@duckdb/node-api'
  const instance = await DuckDBInstance.create(process.argv[1])
  await instance.connect()
  console.log('open')
  process.stdin.resume().on('end', () => process.exit())
`
