import { Readable } from 'node:stream'
import { CaptureAnalysis } from '../../../src/pcap/capture-analysis.js'
import { findingsOf } from '../../../src/pcap/findings.js'
import { HostNames } from '../../../src/pcap/host-names.js'
import { CaptureMatches } from '../../../src/pcap/match/capture-matches.js'
import { Targets } from '../../../src/pcap/targets.js'
import { analyze as analyzeLogs } from '../../../src/pipeline/analyze.js'
import { openLogs } from '../../../src/pipeline/open-logs.js'
import type { FailureDocument } from '../../../src/records.js'
import { REDACT_ALL, Redactor } from '../../../src/redact/redactor.js'
import { corpusRun } from '../../support/truth.js'
import { bytesOf, type CorpusCapture } from '../corpus.js'

const known = new Map<string, Promise<readonly FailureDocument[]>>()

/** The failures of a run as its log tells them; with `halvesOnly`, as a log of warn and error lines would. */
export function failuresOf(run: string, { halvesOnly = false } = {}): Promise<readonly FailureDocument[]> {
  const key = `${run} ${halvesOnly}`
  const read = known.get(key) ?? readFailures(run, halvesOnly)
  known.set(key, read)
  return read
}

async function readFailures(run: string, halvesOnly: boolean): Promise<readonly FailureDocument[]> {
  const { logs } = corpusRun(run)
  const documents: FailureDocument[] = []
  const { source } = await openLogs({
    inputs: logs.map(({ file }) => file),
    stdin: Readable.from([]),
    onProblem: (problem) => {
      throw problem
    },
  })
  await analyzeLogs({
    source,
    redactor: new Redactor(REDACT_ALL, new Uint8Array(0)),
    halvesOnly,
    onDocuments: (all) => {
      for (const each of all) if (each.kind === 'failure') documents.push(each.document)
    },
    signal: new AbortController().signal,
  })
  return documents
}

export interface Circumstances {
  /** What the capture is made to lack: the ids of requests; ids, methods and paths. */
  readonly without?: 'ids' | 'heads'
  /** How much later the capture's clock is. */
  readonly clockMs?: number
  /** Addresses of targets by name, as `--resolve` gives them. */
  readonly names?: ReadonlyMap<string, readonly string[]>
}

/** Matches of a capture with failures. */
export function matched(
  capture: CorpusCapture,
  failures: readonly FailureDocument[],
  { without, clockMs = 0, names: given }: Circumstances = {},
): CaptureMatches {
  const names = new HostNames(given)
  const targets = new Targets()
  const analysis = new CaptureAnalysis({ targets, names })
  analysis.push(bytesOf(capture))
  analysis.endFile()
  const result = analysis.end()
  const findings = findingsOf([capture.file], { ...result, baseSeconds: result.baseSeconds + clockMs / 1_000 }, targets)
  for (const { facts } of findings) {
    if (without !== undefined && facts.exchange !== null) {
      const cleared = without === 'ids' ? {} : { method: null, target: null, pathStart: null }
      Object.assign(facts.exchange, { correlationId: null, ...cleared })
    }
  }
  const matches = new CaptureMatches({
    captures: [{ name: capture.file, findings }],
    targets,
    names,
    pathOf: (target) => target,
  })
  for (const failure of failures) matches.add(failure)
  matches.match()
  return matches
}
