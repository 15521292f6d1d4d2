import { Outages } from '../diagnose/outages.js'
import { Populations } from '../diagnose/population.js'
import { coverageGrain } from '../frequency/covered.js'
import type { Filter } from '../frequency/question.js'
import { type Grain, Tally } from '../frequency/tally.js'
import type { CaptureMatches } from '../pcap/match/capture-matches.js'
import { type Analysis, analyze } from '../pipeline/analyze.js'
import type { Context } from './context.js'
import { passes } from './document-filter.js'
import type { Logs } from './logs.js'
import { refuseOtherText } from './reading.js'

export interface CountedLogs extends Analysis {
  readonly tally: Tally
  /** See `askCovered`. */
  readonly coverage: Tally
  /** Of the resets that were counted. */
  readonly populations: Populations
  readonly outages: Outages
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
  const populations = new Populations()
  const outages = new Outages()
  const isWanted = passes(filter)
  const progress = context.terminal.startProgress(logs.progress)
  const analysis = await analyze({
    ...logs,
    onDocuments: (documents) => {
      const wanted = documents.filter(isWanted)
      tally.add(wanted)
      coverage.add(wanted)
      for (const each of wanted) {
        if (each.kind !== 'failure') continue
        populations.add(each.document)
        outages.add(each.document)
      }
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(analysis.ledger, logs.inputs)
  return { ...analysis, tally, coverage, populations, outages }
}
