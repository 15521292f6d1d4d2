import { toDocument, toTargetDocument } from '../../pcap/findings.js'
import type { CaptureMatches } from '../../pcap/match/capture-matches.js'
import { analyze } from '../../pipeline/analyze.js'
import { Redactor } from '../../redact/redactor.js'
import { type Captures, matchesOf, pathOfWith, readCaptures } from '../captures.js'
import type { Context } from '../context.js'
import { openLogsOf, redactionOf } from '../logs.js'
import type { PcapOptions } from '../options.js'
import { refuseOtherText, tellReading } from '../reading.js'
import { type PcapAnswer, renderPcap } from '../render/pcap.js'
import { captureDocument, connectionMatches, failureDocuments, offsetMs } from '../render/pcap-json.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

const DEFAULT_LIMIT = 3

export async function run(args: readonly string[], options: PcapOptions, context: Context): Promise<number> {
  const limit = readLimit(options.limit)
  const captures = await readCaptures(args, options.resolve, context)
  const { all, targets } = captures
  if (all.length === 0) return 1
  const logs = options.logs.length === 0 ? null : await matchLogs(captures, options, context)
  const matches = logs?.matches ?? null
  const pathOf = pathOfWith(new Redactor(redactionOf(options), new Uint8Array(0)))
  const isWanted = (target: string): boolean => options.target === undefined || target === options.target
  const findings = all
    .flatMap((each) => each.findings)
    .filter(({ facts }) => isWanted(facts.target))
    .map((finding) => matches?.judgedFinding(finding) ?? finding)
  const measured = targets
    .all()
    .filter(({ target }) => isWanted(target))
    .map((tally) => toTargetDocument(tally, targets.idleTimeout(tally.target)))
  const answer = { captures: all, findings, targets: measured, pathOf, limit, matches }
  if (options.json) await writeJson(answer, context)
  else await writeOutput(context.stdout, `${renderPcap(answer, context.terminal.output).join('\n')}\n`)
  return Math.max(captures.exitCode, logs?.exitCode ?? 0)
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  if (!/^\d{1,6}$/.test(text))
    throw usageError(`not a count: --limit ${text}`, 'give a whole number, such as --limit 10')
  return Number(text)
}

interface MatchedLogs {
  readonly matches: CaptureMatches
  readonly exitCode: number
}

async function matchLogs(captures: Captures, options: PcapOptions, context: Context): Promise<MatchedLogs> {
  const logs = await openLogsOf(options.logs, options, context)
  const matches = matchesOf(captures, logs.redactor)
  const progress = context.terminal.startProgress(logs.progress)
  const { ledger, evicted } = await analyze({
    ...logs,
    onDocuments: (documents) => {
      for (const each of documents) if (each.kind === 'failure') matches.add(each.document)
    },
    signal: context.signal,
  }).finally(() => progress.end())
  refuseOtherText(ledger, logs.inputs)
  matches.match()
  tellReading({ ledger, evicted }, context)
  return { matches, exitCode: logs.exitCode() }
}

/** Piece by piece: many connections make one long object. */
async function writeJson(
  { captures, findings, targets, pathOf, matches }: PcapAnswer,
  { stdout }: Context,
): Promise<void> {
  await writeOutput(stdout, '{"connections":[')
  let piece = ''
  for (const [index, finding] of findings.entries()) {
    const document = { ...toDocument(finding, pathOf), ...connectionMatches(finding, matches) }
    piece += `${index === 0 ? '' : ','}${JSON.stringify(document)}`
    if (piece.length < PIECE_LENGTH) continue
    await writeOutput(stdout, piece)
    piece = ''
  }
  const files = captures.map((capture) => captureDocument(capture, matches))
  const rest = JSON.stringify({
    targets,
    clock_offset_ms: offsetMs(captures, matches),
    captures: files,
    ...failureDocuments(matches),
  })
  await writeOutput(stdout, `${piece}],${rest.slice(1)}\n`)
}

const PIECE_LENGTH = 262_144
