import { stat } from 'node:fs/promises'
import { InputError } from '../../errors.js'
import type { CaptureResult } from '../../pcap/capture-analysis.js'
import { type Finding, findingsOf, type PathOf, toDocument, toTargetDocument } from '../../pcap/findings.js'
import { fileChunks, readCapture } from '../../pcap/read-capture.js'
import { Targets } from '../../pcap/targets.js'
import { Redactor } from '../../redact/redactor.js'
import { expandInput } from '../../sources/discover.js'
import type { Context } from '../context.js'
import { tellProblem } from '../errors.js'
import { redactionOf } from '../logs.js'
import type { PcapOptions } from '../options.js'
import { type CaptureSummary, renderPcap } from '../render/pcap.js'
import type { Measure } from '../terminal/progress.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

const DEFAULT_LIMIT = 3

export async function run(args: readonly string[], options: PcapOptions, context: Context): Promise<number> {
  const limit = readLimit(options.limit)
  const redactor = new Redactor(redactionOf(options), new Uint8Array(0))
  const pathOf: PathOf = (requestTarget) => {
    const { path, query } = redactor.url(requestTarget.replace(/^\//, ''), null)
    return query === null ? path : `${path}?${query}`
  }
  const targets = new Targets()
  const { captures, exitCode } = await readAll(args, targets, context)
  const findings = captures
    .flatMap(({ name, result }) => findingsOf(name, result, targets))
    .filter(({ facts }) => options.target === undefined || facts.target === options.target)
  const tallies = targets.all().filter(({ target }) => options.target === undefined || target === options.target)
  const measured = tallies.map((tally) => toTargetDocument(tally, targets.idleTimeout(tally.target)))
  if (options.json) await writeJson({ captures, findings, targets: measured, pathOf }, context)
  else {
    const lines = renderPcap({ captures, findings, targets: measured, pathOf, limit }, context.terminal.output)
    await writeOutput(context.stdout, `${lines.join('\n')}\n`)
  }
  return exitCode
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT
  if (!/^\d{1,6}$/.test(text))
    throw usageError(`not a count: --limit ${text}`, 'give a whole number, such as --limit 10')
  return Number(text)
}

interface Captures {
  readonly captures: readonly CaptureSummary[]
  readonly exitCode: 0 | 1
}

/** Each one that fails is told on stderr, the others are read all the same; throws where none could be read. */
async function readAll(args: readonly string[], targets: Targets, context: Context): Promise<Captures> {
  const captures: CaptureSummary[] = []
  const problems: InputError[] = []
  const reading = { done: 0, total: 0 }
  const measure = (): Measure => ({ ...reading, unit: 'bytes' })
  const progress = context.terminal.startProgress(measure)
  const onProblem = (problem: InputError): void => {
    problems.push(problem)
    tellProblem(problem, context)
  }
  try {
    const names = await filesOf(args, onProblem)
    for (const name of names) if (name !== '-') reading.total += (await stat(name)).size
    for (const name of names) {
      const result = await readOne(name, { targets, onProblem, reading }, context)
      if (result !== null) captures.push({ name, result })
    }
  } finally {
    progress.end()
  }
  if (captures.length === 0) return { captures, exitCode: 1 }
  return { captures, exitCode: problems.length > 0 ? 1 : 0 }
}

async function filesOf(args: readonly string[], onProblem: (problem: InputError) => void): Promise<readonly string[]> {
  const names: string[] = []
  for (const input of args) {
    if (input === '-') names.push(input)
    else names.push(...(await filesOfInput(input, onProblem)))
  }
  return names
}

async function filesOfInput(input: string, onProblem: (problem: InputError) => void): Promise<readonly string[]> {
  try {
    return await expandInput(input)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    onProblem(error)
    return []
  }
}

interface Reading {
  readonly targets: Targets
  readonly onProblem: (problem: InputError) => void
  readonly reading: { done: number }
}

async function readOne(
  name: string,
  { targets, onProblem, reading }: Reading,
  context: Context,
): Promise<CaptureResult | null> {
  const source = name === '-' ? context.stdin : fileChunks(name)
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      reading.done += chunk.length
      yield chunk
    }
  }
  try {
    return await readCapture({ name, chunks: counted(), targets, onProblem, signal: context.signal })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    onProblem(error)
    return null
  }
}

interface Answer {
  readonly captures: readonly CaptureSummary[]
  readonly findings: readonly Finding[]
  readonly targets: readonly object[]
  readonly pathOf: PathOf
}

/** Piece by piece: many connections make one long object. */
async function writeJson({ captures, findings, targets, pathOf }: Answer, { stdout }: Context): Promise<void> {
  await writeOutput(stdout, '{"connections":[')
  let piece = ''
  for (const [index, finding] of findings.entries()) {
    piece += `${index === 0 ? '' : ','}${JSON.stringify(toDocument(finding, pathOf))}`
    if (piece.length < PIECE_LENGTH) continue
    await writeOutput(stdout, piece)
    piece = ''
  }
  const files = captures.map(({ name, result }) => ({
    capture: name,
    packets: result.packets,
    connections: result.streams,
    end: result.end.kind,
    omitted_connections: result.omitted,
    evicted_connections: result.evicted,
    contents: result.contents,
  }))
  const rest = JSON.stringify({ targets, clock_offset_ms: null, captures: files })
  await writeOutput(stdout, `${piece}],${rest.slice(1)}\n`)
}

const PIECE_LENGTH = 262_144
