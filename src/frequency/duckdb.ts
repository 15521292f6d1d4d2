import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { loadEngine } from '../sinks/duckdb/engine.js'
import type { ReadOnlyStore } from '../sinks/duckdb/read-only.js'
import { answer, checkWindows, distinct, trafficDimensions } from './answer.js'
import { Cells } from './cells.js'
import type { Dimension, Filter, FrequencyRow, FrequencyStore, Question } from './question.js'

/** Answers from a DuckDB store. Windows and filters on traffic go by the start of its minute. */
export class DuckDbFrequencyStore implements FrequencyStore {
  private constructor(private readonly store: ReadOnlyStore) {}

  /** Opens a store's file for reading only; `close` closes it. Throws as `openReadOnly`. */
  static async open(path: string): Promise<DuckDbFrequencyStore> {
    // With the engine, which takes a fifth of a second to load.
    await loadEngine()
    const { openReadOnly } = await import('../sinks/duckdb/read-only.js')
    return new DuckDbFrequencyStore(await openReadOnly(path))
  }

  /** Asks through a connection of somebody who has the store open, the sink that writes it; `close` closes it. */
  static over(connection: DuckDBConnection): DuckDbFrequencyStore {
    return new DuckDbFrequencyStore({ connection, close: () => connection.closeSync() })
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
    this.store.close()
  }

  async #count(counted: Counted, by: readonly Dimension[], { everyMs, filter }: Question): Promise<Cells> {
    const parameters: Record<string, DuckDBValue> = {}
    const start = everyMs === null ? 'NULL' : startOf(everyMs, parameters)
    const columns = [start, ...by.map((dimension) => COLUMN[dimension])]
    const sql = `
      SELECT ${columns.join(', ')}, ${counted.count}, min(epoch_ms("timestamp"))::DOUBLE, max(epoch_ms("timestamp"))::DOUBLE
      FROM ${counted.table} ${whereOf(filter, parameters)}
      GROUP BY ALL HAVING count(*) > 0`
    const rows = await this.store.connection.stream(sql, parameters)
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

function textOf(value: DuckDBValue): string | null {
  return value === null ? null : String(value)
}

function numberOf(value: DuckDBValue | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
