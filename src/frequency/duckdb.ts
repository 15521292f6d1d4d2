import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api'
import { HangupError, InputError, PermanentError } from '../errors.js'
import { answer, checkWindows, distinct, trafficDimensions } from './answer.js'
import { Cells } from './cells.js'
import type { Dimension, Filter, FrequencyRow, FrequencyStore, Question } from './question.js'

/** Version of the tables in `mappings/duckdb/` that the questions are written for. */
export const SCHEMA_VERSION = 1

/** Answers from a DuckDB store. Windows and filters on traffic go by the start of its minute. */
export class DuckDbFrequencyStore implements FrequencyStore {
  private constructor(
    private readonly connection: DuckDBConnection,
    private readonly instance: DuckDBInstance | null,
  ) {}

  /**
   * Opens a store's file for reading only. Throws `InputError` (`input_not_found`) where it is missing and
   * `PermanentError`: `store_locked` while a process writes it, `store_incompatible` for another kind of file.
   */
  static async open(path: string): Promise<DuckDbFrequencyStore> {
    if (!existsSync(path)) {
      throw new InputError(`no such store: ${path}`, {
        code: 'input_not_found',
        hint: 'give the path that the duckdb sink of a pipeline wrote',
      })
    }
    let instance: DuckDBInstance | null = null
    let connection: DuckDBConnection | null = null
    try {
      instance = await DuckDBInstance.fromCache(resolve(path), SETTINGS)
      connection = await instance.connect()
      await checkVersion(connection, path)
      return new DuckDbFrequencyStore(connection, instance)
    } catch (error) {
      connection?.closeSync()
      instance?.closeSync()
      throw openError(error, path)
    }
  }

  /** Asks through a connection of somebody who has the store open, the sink that writes it; `close` closes it. */
  static over(connection: DuckDBConnection): DuckDbFrequencyStore {
    return new DuckDbFrequencyStore(connection, null)
  }

  async ask(question: Question): Promise<readonly FrequencyRow[]> {
    checkWindows(question)
    const by = distinct(question.by)
    const failures = await this.#count(FAILURES, by, question)
    const filter = { ...question.filter, code: undefined }
    const requests = await this.#count(TRAFFIC, trafficDimensions(by), { ...question, filter })
    return answer(by, failures, requests)
  }

  async close(): Promise<void> {
    this.connection.closeSync()
    this.instance?.closeSync()
  }

  async #count(counted: Counted, by: readonly Dimension[], { everyMs, filter }: Question): Promise<Cells> {
    const parameters: Record<string, DuckDBValue> = {}
    const start = everyMs === null ? 'NULL' : startOf(everyMs, parameters)
    const columns = [start, ...by.map((dimension) => COLUMN[dimension])]
    const sql = `
      SELECT ${columns.join(', ')}, ${counted.count}, min(epoch_ms("timestamp"))::DOUBLE, max(epoch_ms("timestamp"))::DOUBLE
      FROM ${counted.table} ${whereOf(filter, parameters)}
      GROUP BY ALL HAVING count(*) > 0`
    const rows = await this.connection.stream(sql, parameters)
    const cells = new Cells(by.length, Number.POSITIVE_INFINITY)
    for await (const part of rows.yieldRows()) {
      for (const [startMs, ...rest] of part) {
        const values = rest.slice(0, by.length).map(textOf)
        const cell = cells.at(numberOf(startMs), values)
        const [count, firstMs, lastMs] = rest.slice(by.length).map(numberOf)
        cell.count = count ?? 0
        cell.firstMs = firstMs
        cell.lastMs = lastMs
      }
    }
    return cells
  }
}

interface Counted {
  readonly table: string
  readonly count: string
}

const FAILURES: Counted = { table: 'failures', count: 'count(*)::DOUBLE' }
const TRAFFIC: Counted = { table: 'traffic', count: 'sum(requests)::DOUBLE' }

// What is spliced into a statement comes from these names alone; whatever a user gives is bound.
const COLUMN: Readonly<Record<Dimension, string>> = {
  target: 'target',
  cause: 'cause',
  code: 'error_code',
  proxy: 'proxy',
  status: 'status_code::VARCHAR',
  gateway: 'gateway',
  worker: 'worker',
  org: 'org',
  env: 'env',
  method: 'method',
}

const SETTINGS: Record<string, string> = {
  access_mode: 'READ_ONLY',
  memory_limit: '512MiB',
  threads: '2',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
}

function startOf(everyMs: number, parameters: Record<string, DuckDBValue>): string {
  parameters.every = BigInt(everyMs)
  const timeMs = 'epoch_ms("timestamp")'
  // Rounds down before 1970 too, where % is negative.
  return `(${timeMs} - ((${timeMs} % $every) + $every) % $every)::DOUBLE`
}

function whereOf({ sinceMs, untilMs, target, proxy, code }: Filter, parameters: Record<string, DuckDBValue>): string {
  const conditions: string[] = []
  const where = (condition: string, name: string, value: DuckDBValue) => {
    conditions.push(`${condition} $${name}`)
    parameters[name] = value
  }
  if (sinceMs !== undefined) where('epoch_ms("timestamp") >=', 'since', sinceMs)
  if (untilMs !== undefined) where('epoch_ms("timestamp") <', 'until', untilMs)
  if (target !== undefined) where('target =', 'target', target)
  if (proxy !== undefined) where('proxy =', 'proxy', proxy)
  if (code !== undefined) where('error_code =', 'code', code)
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
}

async function checkVersion(connection: DuckDBConnection, path: string): Promise<void> {
  const columns = await connection.runAndReadAll(
    "SELECT 1 FROM duckdb_columns() WHERE table_name = 'meta' AND column_name = 'schema_version'",
  )
  const known = columns.currentRowCount > 0
  const version = known ? (await connection.runAndReadAll('SELECT max(schema_version) FROM meta')).value(0, 0) : null
  if (version === SCHEMA_VERSION) return
  if (version === null)
    throw incompatible(`a DuckDB file that hangup did not make: ${path}`, 'give the path of a store that hangup made')
  throw incompatible(
    `the store has schema version ${version}, this hangup reads ${SCHEMA_VERSION}: ${path}`,
    Number(version) > SCHEMA_VERSION
      ? 'install the hangup that wrote it or a newer one'
      : 'run a pipeline into it once, that brings it up to date',
  )
}

function openError(error: unknown, path: string): unknown {
  if (error instanceof HangupError) return error
  const text = String(error)
  if (/Could not set lock|different configuration/.test(text)) {
    const [, pid] = /\(PID (\d+)\)/.exec(text) ?? []
    const holder = pid === undefined ? 'another part of hangup' : `process ${pid}`
    return new PermanentError(`the store is in use: ${path}`, {
      code: 'store_locked',
      hint: `${holder} has it open: stop it, or ask a copy of the file`,
      cause: error,
    })
  }
  if (/not a valid DuckDB database|database file with version number|Serialization Error/.test(text)) {
    return incompatible(
      `not a DuckDB store that can be read: ${path}`,
      'give the path of a store that hangup made',
      error,
    )
  }
  if (!/Permission denied|Is a directory|Cannot open file|Could not read/.test(text)) return error
  return new InputError(`the store cannot be read: ${path}`, {
    code: 'input_unreadable',
    hint: 'give the path of a file that this user may read',
    cause: error,
  })
}

function incompatible(message: string, hint: string, cause?: unknown): PermanentError {
  return new PermanentError(message, { code: 'store_incompatible', hint, cause })
}

function textOf(value: DuckDBValue): string | null {
  return value === null ? null : String(value)
}

function numberOf(value: DuckDBValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
