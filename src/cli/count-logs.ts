import { coverageGrain } from '../frequency/covered.js'
import type { Filter } from '../frequency/question.js'
import { type Grain, Tally } from '../frequency/tally.js'
import type { CaptureMatches } from '../pcap/match/capture-matches.js'
import { type Analysis, analyze } from '../pipeline/analyze.js'
import type { Context } from './context.js'
import { passes } from './document-filter.js'
import type { Logs } from './logs.js'
import { refuseOtherText } from './reading.js'
import { Told } from './target-facts.js'

export interface CountedLogs extends Analysis {
  readonly tally: Tally
  /** See `askCovered`. */
  readonly coverage: Tally
  /** By the failures that were counted. */
  readonly told: Told
}

export interface LogsWithPackets extends Logs {
  /** Absent where no captures are given. */
  readonly captures?: CaptureMatches
}

/** Reads logs to their end and holds in memory what questions of this grain need; times are filtered on the way in. */
export async function countLogs(
  logs: LogsWithPackets,
  grain: Grain,
  filter: Filter,
  context: Context,
): Promise<CountedLogs> {
  const tally = new Tally(grain)
  const coverage = new Tally(coverageGrain(grain.dimensions, filter))
  const told = new Told()
  const isWanted = passes(filter)
  const progress = context.terminal.startProgress(logs.progress)
  const analysis = await analyze({
    ...logs,
    onDocuments: (documents) => {
      const wanted = documents.filter(isWanted)
      tally.add(wanted)
      coverage.add(wanted)
      told.add(wanted)
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(analysis.ledger, logs.inputs)
  return { ...analysis, tally, coverage, told }
}
