import type { Dimension, FrequencyRow } from '../../../../src/frequency/question.js'
import { rateOf } from '../../../../src/frequency/rate.js'
import { Tally } from '../../../../src/frequency/tally.js'
import type { IndexDocument } from '../../../../src/records.js'
import type { FrequencyDocument } from '../../../../src/sinks/elasticsearch/frequency/documents.js'

const GROUP: readonly Dimension[] = ['org', 'env', 'proxy', 'target']
const MINUTE = 60_000

/** A frequency document as a test compares it: without its id. */
export type Counts = FrequencyDocument['edgemicro'] & { readonly minute: string }

/** What the frequency documents of these documents must say, by way of the plain count in memory; in an order of its own. */
export async function expectedCounts(documents: readonly IndexDocument[]): Promise<readonly Counts[]> {
  const tally = new Tally({ dimensions: [...GROUP, 'gateway', 'cause', 'code'], everyMs: MINUTE })
  tally.add(documents)
  const ask = (...more: readonly Dimension[]) => tally.ask({ by: [...GROUP, ...more], everyMs: MINUTE, filter: {} })
  const byGateway = await ask('gateway')
  const byCause = await ask('cause')
  const byCode = await ask('code')
  const counts = (await ask()).map((row): Counts => {
    const mine = (other: FrequencyRow): boolean => keyOf(other) === keyOf(row)
    const codes = byCode.filter(mine)
    const { requests, failures } = row
    const resets = codes.find(({ values }) => values.code === 'ECONNRESET')?.failures ?? 0
    const covered = byGateway.filter(mine).every((each) => each.failures === 0 || each.requests !== null)
    const isRate = rateOf({ ...row, isCovered: covered }) !== null
    return {
      minute: new Date(row.startMs ?? 0).toISOString(),
      org: row.values.org ?? null,
      env: row.values.env ?? null,
      proxy: row.values.proxy ?? null,
      target: row.values.target ?? null,
      requests,
      failures,
      resets,
      failure_ratio: isRate ? failures / Number(requests) : null,
      reset_ratio: isRate ? resets / Number(requests) : null,
      covered,
      causes: summed(byCause.filter(mine), ({ values }) => values.cause ?? ''),
      codes: summed(codes, ({ values }) => nameOf(values.code ?? null)),
    }
  })
  return counts.sort(byText)
}

/** What documents say, in the order of `expectedCounts`. */
export function countsOf(documents: readonly FrequencyDocument[]): readonly Counts[] {
  return documents.map((document) => ({ minute: document['@timestamp'], ...document.edgemicro })).sort(byText)
}

function keyOf({ startMs, values }: FrequencyRow): string {
  return JSON.stringify([startMs, ...GROUP.map((dimension) => values[dimension])])
}

function nameOf(code: string | null): string {
  if (code === null || code === '') return 'none'
  return /^[A-Z][A-Z0-9_]*$/.test(code) && code.length <= 64 ? code : 'other'
}

function summed(rows: readonly FrequencyRow[], nameOfRow: (row: FrequencyRow) => string): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const row of rows) {
    if (row.failures > 0) sums[nameOfRow(row)] = (sums[nameOfRow(row)] ?? 0) + row.failures
  }
  return sums
}

function byText(one: Counts, other: Counts): number {
  const [a, b] = [one, other].map(({ minute, org, env, proxy, target }) =>
    JSON.stringify([minute, org, env, proxy, target]),
  )
  return a < b ? -1 : a > b ? 1 : 0
}
