import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { PermanentError } from '../../errors.js'
import type { FailureDocument, IndexDocument, TrafficDocument } from '../../records.js'
import { largerCount, type MergeFailures } from '../collapse.js'
import { Settler } from '../settler.js'
import type { Sink } from '../sink.js'
import { type Case, type Pass, Revision, type Verdicts } from '../verdicts.js'
import { storeError } from './errors.js'
import { PlacedFile } from './placed-file.js'
import { reviseVerdicts } from './revise.js'
import { FAILURE_COLUMNS, failureOf, sameRow, storedText, TRAFFIC_COLUMNS } from './rows.js'
import { type Migration, migrate, shippedMigrations } from './schema.js'
import { columnList, differList, overwriteList, stage } from './staging.js'

export interface DuckDbSinkOptions {
  /** The file; it and its directory are made where they are missing. */
  readonly path: string
  readonly mergeFailures: MergeFailures
  /** Where not given, verdicts stay as they come. */
  readonly verdicts?: Verdicts
  /** DuckDB's own limit; a large store needs some of it for the index of ids. Default 512. */
  readonly memoryLimitMiB?: number
  /** Default: those in `mappings/duckdb/`. */
  readonly migrations?: readonly Migration[]
}

/**
 * The embedded store: one DuckDB file. A batch is one transaction: after `write` all of it is on disk, before or on an
 * error none of it is. One process at a time can have the file open, and one sink in it.
 */
export class DuckDbSink implements Sink {
  readonly name = 'duckdb'
  #lastWrite: Promise<unknown> = Promise.resolve()
  #closed = false
  readonly #settler: Settler | null
  readonly #file: PlacedFile

  private constructor(
    private readonly path: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    private readonly mergeFailures: MergeFailures,
    verdicts: Verdicts | undefined,
  ) {
    this.#file = new PlacedFile(path)
    this.#settler = verdicts === undefined ? null : this.#settlerOf(verdicts)
  }

  /**
   * Opens or makes the store and brings its schema up to date. Throws `PermanentError`: `store_locked`,
   * `store_incompatible`, `store_unreachable`, `disk_full`.
   */
  static async open(options: DuckDbSinkOptions): Promise<DuckDbSink> {
    const path = resolve(options.path)
    if (openStores.has(path)) throw storeError(new Error('different configuration than existing connections'), path)
    openStores.add(path)
    let instance: DuckDBInstance | undefined
    let connection: DuckDBConnection | undefined
    try {
      mkdirSync(dirname(path), { recursive: true })
      // From the cache, because the locks that a process holds on a file end when it closes any handle of that file.
      instance = await DuckDBInstance.fromCache(path, settings(options.memoryLimitMiB ?? 512))
      connection = await instance.connect()
      await migrate(connection, path, options.migrations ?? shippedMigrations())
      return new DuckDbSink(path, instance, connection, options.mergeFailures, options.verdicts)
    } catch (error) {
      connection?.closeSync()
      instance?.closeSync()
      openStores.delete(path)
      throw storeError(error, options.path)
    }
  }

  /** One batch at a time, in the order of the calls. */
  write(documents: readonly IndexDocument[]): Promise<void> {
    return this.#inTurn(() => this.#writeBatch(documents))
  }

  /** Resolves once the verdicts are those that all failures written before the call tell together. */
  async settle(options?: { readonly now?: boolean }): Promise<void> {
    await this.#settler?.settle(options)
  }

  /** A connection of its own for whoever asks questions while the sink writes; the caller closes it before the sink. */
  connect(): Promise<DuckDBConnection> {
    return this.instance.connect()
  }

  async close(): Promise<void> {
    this.#settler?.close()
    await this.#lastWrite
    if (this.#closed) return
    this.#closed = true
    this.connection.closeSync()
    this.instance.closeSync()
    openStores.delete(this.path)
  }

  async #writeBatch(documents: readonly IndexDocument[]): Promise<void> {
    if (documents.length === 0) return
    const { failures, traffic } = collapse(documents, this.mergeFailures)
    const merged = await this.#transaction(async () => {
      await this.#raiseTraffic(traffic)
      return this.#mergeIntoFailures(failures)
    })
    this.#settler?.mark([...failures.values(), ...merged].map((document) => ({ document })))
  }

  #settlerOf(verdicts: Verdicts): Settler {
    const pass = async (open: Case): Promise<Pass> => {
      for (;;) {
        const once = () => this.#transaction(() => reviseVerdicts(this.connection, verdicts, open))
        const result = await this.#inTurn(once)
        // Nobody else writes here, so what is left is no more than did not fit.
        if (result !== 'written') return result
      }
    }
    return new Settler(new Revision({ verdicts, pass }), { everyMs: REVISE_MS })
  }

  #inTurn<Result>(operation: () => Promise<Result>): Promise<Result> {
    const result = this.#lastWrite.then(operation)
    this.#lastWrite = result.catch(() => {})
    return result
  }

  async #transaction<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#closed)
      throw new PermanentError(`the store is closed: ${this.path}`, { code: 'internal', hint: 'report this as a bug' })
    try {
      await this.connection.run('BEGIN')
      const result = await operation()
      await this.connection.run('COMMIT')
      this.#file.check()
      return result
    } catch (error) {
      await this.connection.run('ROLLBACK').catch(() => {})
      throw storeError(error, this.path)
    }
  }

  /** Returns what was stored of the incoming and differed from it, before and after. */
  async #mergeIntoFailures(incoming: Documents<FailureDocument>): Promise<readonly FailureDocument[]> {
    if (incoming.size === 0) return []
    await stage(this.connection, { ...FAILURES, name: 'incoming_failures' }, incoming)
    const inserted = await this.connection.run(INSERT_NEW_FAILURES)
    return inserted.rowsChanged < incoming.size ? this.#mergeWithStored(incoming) : []
  }

  /** Most of a replay is what is stored already: only rows that differ are read, only those that change are written. */
  async #mergeWithStored(incoming: Documents<FailureDocument>): Promise<readonly FailureDocument[]> {
    const seen: FailureDocument[] = []
    const changed = new Map<string, FailureDocument>()
    const rows = await this.connection.stream(SELECT_DIFFERING_FAILURES)
    for await (const part of rows.yieldRowObjects()) {
      for (const row of part) {
        const id = String(row.id)
        const stored = failureOf(row)
        const document = incoming.get(id)
        if (document === undefined) continue
        const merged = this.mergeFailures(stored, document)
        seen.push(stored, merged)
        if (!sameRow(FAILURE_COLUMNS, merged, stored)) changed.set(id, merged)
      }
    }
    if (changed.size > 0) {
      await stage(this.connection, { ...FAILURES, name: 'merged_failures' }, changed)
      await this.connection.run(OVERWRITE_FAILURES)
    }
    return seen
  }

  async #raiseTraffic(incoming: Documents<TrafficDocument>): Promise<void> {
    if (incoming.size === 0) return
    await stage(this.connection, { ...TRAFFIC, name: 'incoming_traffic' }, incoming)
    await this.connection.run(RAISE_TRAFFIC)
  }
}

type Documents<Document> = ReadonlyMap<string, Document>

/** One document for each id: failures merged, of traffic the larger count. */
function collapse(
  documents: readonly IndexDocument[],
  mergeFailures: MergeFailures,
): { failures: Documents<FailureDocument>; traffic: Documents<TrafficDocument> } {
  const failures = new Map<string, FailureDocument>()
  const traffic = new Map<string, TrafficDocument>()
  for (const { kind, id, document } of documents) {
    const key = storedText(id)
    if (kind === 'traffic') collect(traffic, key, document, largerCount)
    else collect(failures, key, document, mergeFailures)
  }
  return { failures, traffic }
}

function collect<Document>(
  documents: Map<string, Document>,
  key: string,
  document: Document,
  together: (earlier: Document, later: Document) => Document,
): void {
  const earlier = documents.get(key)
  documents.set(key, earlier === undefined ? document : together(earlier, document))
}

function settings(memoryLimitMiB: number): Record<string, string> {
  return {
    memory_limit: `${memoryLimitMiB}MiB`,
    // An insert into an indexed table gains nothing from a second thread and costs twice the processor time.
    threads: '1',
    // A checkpoint rewrites the index of ids: seldom is cheaper. After a crash this much is read again, in a second or two.
    wal_autocheckpoint: '128MiB',
    // Nothing that we use lives in an extension; DuckDB must not go and fetch one.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  }
}

/** How often failures that came are judged, with the others of their target. */
const REVISE_MS = 1_000

const openStores = new Set<string>()

const FAILURES = { table: 'failures', columns: FAILURE_COLUMNS }
const TRAFFIC = { table: 'traffic', columns: TRAFFIC_COLUMNS }

// The index of ids finds what is stored already; only where it does are the stored rows looked for.
const INSERT_NEW_FAILURES = `
  INSERT INTO failures (${columnList(FAILURE_COLUMNS)})
  SELECT ${columnList(FAILURE_COLUMNS)} FROM incoming_failures ON CONFLICT DO NOTHING`

const SELECT_DIFFERING_FAILURES = `
  SELECT ${columnList(FAILURE_COLUMNS, 'stored')}
  FROM failures stored JOIN incoming_failures incoming ON stored.id = incoming.id
  WHERE ${differList(FAILURE_COLUMNS)}`

const OVERWRITE_FAILURES = `
  INSERT INTO failures (${columnList(FAILURE_COLUMNS)})
  SELECT ${columnList(FAILURE_COLUMNS)} FROM merged_failures
  ON CONFLICT (id) DO UPDATE SET ${overwriteList(FAILURE_COLUMNS)}`

const RAISE_TRAFFIC = `
  INSERT INTO traffic (${columnList(TRAFFIC_COLUMNS)})
  SELECT ${columnList(TRAFFIC_COLUMNS)} FROM incoming_traffic
  ON CONFLICT (id) DO UPDATE SET ${overwriteList(TRAFFIC_COLUMNS)}
  WHERE excluded.requests + excluded.responses > traffic.requests + traffic.responses`
