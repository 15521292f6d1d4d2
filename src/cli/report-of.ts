import type { Filter } from '../frequency/question.js'
import { buildReport, type Report } from '../frequency/report.js'
import { Tally } from '../frequency/tally.js'
import type { Context } from './context.js'
import { type CountedLogs, countLogs, type LogsWithPackets } from './count-logs.js'
import { reportedRange, type TimeRange } from './ranges.js'
import { factsOf } from './target-facts.js'

/** What a report asks for. */
const DIMENSIONS = ['target', 'proxy', 'cause', 'code', 'status'] as const

export interface ReportOfLogs {
  readonly report: Report
  /** Where the logs lie in time, where nothing of them lies in the range that was asked for. */
  readonly outside: TimeRange | null
  /** See `Reading`. */
  readonly evicted: number
  readonly folded: number
  readonly counted: CountedLogs
}

/** Reads logs to their end and reports what a filter lets through. */
export async function reportOf(logs: LogsWithPackets, filter: Filter, context: Context): Promise<ReportOfLogs> {
  const grain = { dimensions: DIMENSIONS, everyMs: null }
  const counted = await countLogs(logs, grain, filter, context)
  const { ledger, range, evicted } = counted
  const { sinceMs, untilMs, outside } = reportedRange(filter, range)
  // Times were filtered on the way into the tally, which keeps none; traffic by whole minutes, so that some may be in it.
  const tally = outside === null ? counted.tally : new Tally(grain)
  const { target, proxy, code } = filter
  const input = { ledger, sinceMs, untilMs, filter: { target, proxy, code }, facts: factsOf(counted) }
  const report = await buildReport(tally, input, counted.coverage)
  return { report, outside, evicted, folded: tally.folded, counted }
}
